"""What people write: titles and notes of calendar events, subjects and bodies of support tickets, comments."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

from .vocabulary import entries

Topic: TypeAlias = Literal["delivery", "billing", "product", "account"]
TOPICS: tuple[Topic, ...] = get_args(Topic)

EVENT_TITLES: tuple[str, ...] = entries("""
Quarterly planning|Budget review|Design critique|Sprint retrospective|Roadmap check-in|Hiring panel debrief
Security awareness training|Vendor demo: freight software|Customer advisory call|Release readiness review
Incident follow-up|Onboarding session|Press briefing rehearsal|Pricing workshop|Warehouse walkthrough
Data quality clinic|Contract renewal talk|Brand refresh kickoff|Inventory count planning
Performance conversation|Accessibility audit|Supplier negotiation|Board deck dry run|Help center rewrite
Newsletter editorial meeting|Returns process review|Interview: operations analyst|Interview: support lead
Interview: front-end engineer|Architecture discussion|Holiday staffing plan|Trade fair preparation
Survey results readout|Tooling budget talk|Forecast alignment|Migration checkpoint|Call quality calibration
Documentation sprint|Partner sync: Northwind|Lunch and learn: photography|Capacity planning
Site visit preparation|Refund policy workshop|Photo shoot planning|Mentoring hour|Legal review of terms
Packaging redesign review|Fire drill briefing
""")

EVENT_NOTES: tuple[str, ...] = (
    "Bring last month's figures.",
    "Please read the draft beforehand.",
    "Decision needed by the end of the meeting.",
    "First half is a demo, then questions.",
    "We start on time and finish early if we can.",
    "Agenda follows on the day before.",
    "Each team reports for five minutes.",
    "Keep the slides to three at most.",
    "The recording will be shared afterwards.",
    "Snacks are ordered.",
    "",
    "",
)

_COMPLAINTS: dict[Topic, str] = {
    "delivery": """
Parcel marked delivered but not here=The carrier says my {product} was handed over, but nobody here has it.
Package stuck at the depot=Tracking for my {product} has not moved in four days. Is it lost?
Box arrived crushed=The outer box of the {product} was torn open and one side is dented.
Wrong address on the label=I noticed an old address on the confirmation for my {product}. Can it still be corrected?
Missing item in my delivery=I opened the parcel and the {product} was not inside, only the packing paper.
Delivered to the wrong door=The driver left my {product} two houses down. Please tell them our number is on the gate.
Need the order before the weekend=I am traveling on Saturday. Can the {product} be sent any faster?
Carrier wants a signature at work hours=Nobody is home by day. Could the {product} be left with a neighbor?
Received someone else's order=The label has my name, but the content is not the {product} that I bought.
No tracking link yet=It has been three days and I have no tracking for the {product}.
Delivery was refused at reception=Our front desk sent the {product} back by mistake. How do we get it again?
""",
    "billing": """
Charged twice for one order=My card shows two charges for the {product}. Please reverse one of them.
Refund has not arrived=I sent the {product} back two weeks ago and still wait for the money.
Invoice without tax number=Our bookkeeper needs the company's tax number on the invoice for the {product}.
Discount code was not applied=I entered the spring code for the {product} and still paid the full price.
Price dropped the day after I bought=The {product} is now cheaper. Do you match your own price?
Wrong currency on my statement=The {product} was charged in a currency that I did not choose.
Need a copy of the receipt=For a warranty claim I need the receipt of the {product} once more.
Gift card balance looks wrong=After paying for the {product}, the card shows less than it should.
Shipping fee on a free-shipping order=The {product} was advertised with free shipping, but a fee was added.
Card declined, order still shows as placed=My bank refused the payment for the {product}, yet it is listed as placed.
Company name missing on the bill=Please put our company on the bill for the {product}.
""",
    "product": """
Stopped working after a week=The {product} no longer does anything, although I followed the manual.
Part missing from the box=One small part of the {product} is missing. Can you send just that?
Looks different from the photo=The color of my {product} is much darker than on your page.
Strange smell when used=There is a smell of plastic each time I use the {product}. Is that safe?
How do I clean it=The leaflet of the {product} does not say how to clean it. What do you recommend?
Manual only in one language=Is there an English manual for the {product}?
Scratches on arrival=There are two long scratches on the {product}, straight out of the box.
Does the warranty cover this=A hinge of my {product} broke in normal use. Am I covered?
Replacement part wanted=I would like to buy a spare lid for the {product}.
Makes a rattling noise=Something is loose inside the {product}. It rattles when moved.
Size is not as described=The {product} is two centimeters shorter than your page says.
""",
    "account": """
Cannot sign in since yesterday=My password is refused on every device, and the reset mail never comes.
Please change my email address=I am leaving my provider at the end of the month and need my new address on file.
Delete my old account=I have two accounts by accident. The older one can go.
Newsletter keeps coming=I unsubscribed three times and still receive the weekly mail.
Two-step code never arrives=The text message with the code does not reach my phone.
Loyalty points disappeared=Last week there were 840 points in my account, today it says zero.
Add a second buyer to our account=A colleague should be able to order for our company as well.
Name is misspelled=My family name has a letter too many on every label.
Is this message really from you=I got a mail that asks for my card number. It looks odd to me.
How can I see my older purchases=The list ends in January. Where are the orders before that?
Change the default delivery address=We moved offices, and the old one is still preselected.
""",
}

COMPLAINTS: dict[Topic, tuple[tuple[str, str], ...]] = {
    topic: tuple((subject, body) for subject, body in (line.split("=") for line in lines.strip().split("\n")))
    for topic, lines in _COMPLAINTS.items()
}
"""Subject and body by topic; bodies outside `account` name the `{product}`."""

COMMENTS: tuple[str, ...] = entries("""
Asked the carrier for a trace.|Customer called again and is waiting for an answer.
Photos received, they look clear.|Forwarded to the warehouse team.|I left a voice message.
Checked the payment log, nothing unusual.|Offered a replacement, no reply yet.
Customer prefers to be contacted by mail.|Waiting for stock figures.|Please handle before Friday.
Looked into it: the label was printed twice.|Escalated to the shift lead.|Customer confirmed the address.
Sent the form once more.|The part is on order.|Agreed to check back in two days.
""")
