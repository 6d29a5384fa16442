"""The label tree, sector over domain, with the words by which a domain is known.

One line per domain: its name, a colon, and words in the singular. A word counts where it stands in a service's title,
category or description, or in the name of a collection; two words joined by `+` count only one after the other.
"""

from __future__ import annotations

from collections.abc import Mapping

_TREE = """
# commerce
online shops: shop store storefront ecommerce cart checkout catalog product merchant shopify vtex magento woocommerce
order management: order fulfillment fulfilment backorder purchase+order preorder
marketplaces: marketplace listing seller ebay amazon+seller auction bid
pricing and promotions: price pricing promotion discount coupon voucher deal rebate
product information: sku variant attribute+set brand gtin product+catalog product+feed
loyalty and gift cards: loyalty gift+card reward loyalty+program point+of+interest stamp
inventory and warehousing: inventory warehouse stock+level stock+item bin replenishment
point of sale: pos point+of+sale register terminal till receipt
returns: return rma exchange+request
reviews: review rating testimonial
# finance
payments: payment charge refund payout checkout+session stripe paypal adyen card+payment transaction
banking: bank account+balance iban psd2 openbanking open+banking beneficiary standing+order
invoicing: invoice invoicing billing credit+note quote estimate
accounting: accounting ledger journal xero quickbooks bookkeeping chart+of+account
stock markets: stock ticker equity symbol dividend quote exchange+market portfolio brokerage trading
cryptocurrencies: crypto bitcoin ethereum blockchain coin token+price wallet nft defi swap
currency exchange: currency exchange+rate forex fx
lending: loan mortgage credit lending borrower repayment
insurance: insurance policy+holder premium claim underwriting
tax: tax vat gst sales+tax
expenses: expense reimbursement receipt corporate+card
subscriptions: subscription plan recurring dunning
fraud and compliance: fraud kyc aml sanction chargeback
budgeting: budget cost+explorer spend cost
# communication
e-mail: email mail mailbox smtp gmail inbox draft message+template
text messages: sms mms text+message phone+number whatsapp
chat: chat channel slack discord conversation telegram thread message
telephony: call voice telephony sip pbx ivr voicemail
video meetings: meeting webinar zoom conference video+call
push notifications: notification push apns fcm alert+message
newsletters: newsletter mailing+list campaign subscriber mailchimp
forums: forum topic post discussion community+post
# customers
customer relations: crm contact lead opportunity deal pipeline salesforce hubspot prospect
help desks: ticket helpdesk support+ticket zendesk freshdesk issue+type customer+support
customer feedback: feedback survey nps questionnaire response poll
appointments: appointment booking availability time+slot reservation
contact centres: contact+center contact+flow agent+queue routing+profile
customer data: audience segment profile customer+data identity+resolution persona
# marketing
advertising: ad adset campaign ad+group creative adsense adwords dsp impression
social media: social tweet twitter facebook instagram linkedin pinterest hashtag follower
search optimisation: seo keyword backlink serp search+console ranking
marketing automation: automation journey drip workflow+email
link management: short+link shortener shortlink redirect bitly
affiliates: affiliate partner+link commission referral
public relations: press press+release media+contact
# content
content management: cms content+type article page entry blog wordpress contentful
publishing: publish magazine ebook book publication isbn
news: news headline newspaper
video: video youtube vimeo stream playlist live+stream caption
music: music track album artist spotify song playlist lyric
podcasts: podcast episode show
images: image photo picture unsplash gallery thumbnail
design: design figma canvas component layer icon font
documents: document pdf template docx signature e-signature esign
translation: translation translate locale glossary language
digital assets: asset dam rendition media+asset
comics and anime: anime manga comic
# entertainment
games: game player leaderboard achievement steam match+history
films and television: movie film tv+show series tmdb imdb
sports: sport league fixture football nba standing
events and tickets: event ticket venue attendee concert
quotes and jokes: joke quote+of fact meme trivia
trading cards and collections: card+deck pokemon deck trading+card
museums: museum artwork exhibition collection+object
# travel
flights: flight airline airport boarding itinerary
hotels: hotel room accommodation guest property+rental
car rental and rides: ride taxi car+rental driver+trip
public transport: transit bus train station departure timetable route+stop
maps: map geocode geocoding place direction tile poi
parking and charging: parking charging charger ev
restaurants: restaurant menu table+booking
holidays: holiday calendar+day
# logistics
parcels: parcel shipment shipping tracking label carrier courier
delivery: delivery dispatch last+mile rider
fleets: fleet vehicle driver telematics
freight: freight container port vessel cargo
postal addresses: postcode postal zip+code address
supply chains: supply supplier procurement vendor purchase+requisition
# work
calendars: calendar event+invite schedule freebusy
tasks: task todo checklist reminder
projects: project milestone sprint board epic
notes: note notebook notion page+block
files: file folder drive upload storage+file dropbox
spreadsheets: spreadsheet sheet worksheet cell workbook
forms: form submission field+option
time tracking: timesheet time+entry timer
knowledge bases: knowledge wiki confluence knowledge+base
office suites: office teams sharepoint word+document presentation slide
whiteboards: whiteboard board+item miro
# people
human resources: employee hr leave absence onboarding
recruiting: job candidate applicant recruiting vacancy
payroll: payroll pay+run salary payslip
learning at work: training course+enrolment certification
shifts: shift roster rota
# software
source code: repository repo commit branch pull+request merge+request github gitlab bitbucket git
issue tracking: issue bug jira backlog
continuous integration: build pipeline+run workflow+run ci job+run deploy+hook
package registries: package npm pypi artifact registry version+package
application testing: test test+case test+suite test+run
feature flags: feature+flag flag experiment
api management: api+gateway gateway+api endpoint+api developer+portal apikey integration
app stores: app+store android+app ios+app play+store
mobile devices: mobile+device device+farm mdm emulator simulator
web frameworks: component shadcn theme ui
documentation: documentation doc reference+doc
developer tools: debugger lint compiler ide
low code: webhook automation+flow zap scenario connector
# cloud
virtual machines: instance vm virtual+machine compute ec2 ami hypervisor image+version
containers: container kubernetes cluster pod docker helm ecs
serverless: function lambda serverless
object storage: bucket blob object+storage s3
block and file storage: volume snapshot disk file+system backup vault
networks: vpc subnet network load+balancer router gateway firewall vpn peering virtual+network
domain names: domain dns zone record+set registrar whois
content delivery: cdn distribution edge cache
certificates: certificate ssl tls ca
infrastructure as code: stack template+stack cloudformation blueprint deployment
resource management: resource+group subscription+quota quota tag+resource tenant
migration: migration replication discovery+server
desktops: desktop workspace virtual+desktop
cost and licences: license licence entitlement reservation+order
# data
relational databases: database sql table mysql postgres db+instance rds sql+server
document and key-value stores: dynamodb mongodb redis document+database key+value cosmos
search engines: index search+index elasticsearch opensearch
data warehouses: warehouse+data bigquery redshift dataset snowflake
data pipelines: pipeline etl dataflow job+data ingestion
streams and queues: queue topic+subscription stream kafka kinesis pubsub broker
business intelligence: dashboard report chart analytics metric+report
data catalogues: catalog+entry data+catalog metadata lineage glossary+term
geographic data: geospatial gis layer+map parcel+land
open data: open+data dataset+catalog census ckan
data quality and sharing: data+share data+quality ruleset
vector search: vector embedding collection+vector
# security
identity: user+pool identity sso oauth saml login directory user role group
secrets and keys: secret key+vault kms encryption key+ring
vulnerabilities: vulnerability cve scan finding
threat detection: threat malware detector intrusion incident+security ioc
access control: policy permission role+assignment access iam privilege
audit: audit audit+log trail
privacy: privacy consent gdpr data+subject
device security: endpoint+protection antivirus
network security: waf ip+set rule+group firewall+policy
# operations
monitoring: monitor alarm metric uptime check
logs: log log+group log+stream logging
incidents: incident on-call pagerduty escalation statuspage
configuration: configuration config parameter+store setting
automation: automation runbook playbook
service management: change+request cmdb service+catalog
status pages: status+page maintenance
# intelligence
language models: llm prompt completion model+language openai gpt assistant agent chatbot
machine learning: model training+job endpoint+model notebook+instance experiment+ml prediction
speech: speech transcription transcript voice+id tts
computer vision: face vision label+detection ocr image+recognition
chat bots: bot dialog+flow chatbot slot utterance
recommendation: recommendation recommender personalize
research agents: research crawl scrape web+search
text analysis: sentiment entity+recognition text+analysis nlp grammar
image generation: image+generation diffusion
# things
connected devices: device thing iot sensor telemetry
smart homes: home light thermostat smart home+assistant
industrial systems: plant asset+model historian scada tag+value
energy: energy electricity meter grid solar power
robots and drones: robot drone
vehicles: car vehicle+data odometer
satellites: satellite ground+station
# science
biology: gene protein genome variant dna uniprot
chemistry: chemical compound molecule reaction
scientific papers: paper arxiv pubmed citation doi scholar
astronomy: planet asteroid nasa astronomy exoplanet
mathematics: math equation statistic
weather: weather forecast temperature rain
environment: air+quality emission carbon climate earthquake
geology: mineral geologic seismic
agriculture: crop farm field+boundary soil
# health
medical records: patient encounter observation fhir diagnosis
clinics: clinic practitioner doctor hospital
medicines: drug medication prescription fda
clinical research: clinical trial study
fitness: workout activity fitness step
nutrition: food nutrition recipe meal ingredient
veterinary and pets: pet dog cat breed
covid: covid vaccine
# education
schools: school student teacher grade
courses: course lesson enrollment quiz classroom
universities: university faculty
dictionaries: dictionary word definition synonym
religious texts: bible quran verse
libraries: library loan+book
# public sector
legislation: law bill legislation parliament
courts: court case docket
companies registers: company+register registration filing
elections: election candidate+vote vote
police and safety: police crime emergency
permits: permit licence+application inspection
demographics: population census
patents: patent trademark
government services: government citizen agency ministry
# property
real estate: property real+estate listing+property tenancy
construction: construction building bim
facilities: facility room+booking maintenance+order
hosting and venues: venue space+rental
# society
charities: charity donation donor fundraising
dating and friends: friend match+profile
memberships: membership member club
neighbourhoods: neighbourhood community
faith: church
"""


def _read(text: str) -> Mapping[str, Mapping[str, tuple[tuple[str, ...], ...]]]:
    tree: dict[str, dict[str, tuple[tuple[str, ...], ...]]] = {}
    sector = ""
    for line in text.strip().splitlines():
        if line.startswith("# "):
            sector = line[2:]
            tree[sector] = {}
        else:
            domain, _, words = line.partition(":")
            tree[sector][domain] = tuple(tuple(word.split("+")) for word in words.split())
    return tree


TREE = _read(_TREE)
"""{sector: {domain: phrases}}, a phrase being one word or several that follow each other."""
