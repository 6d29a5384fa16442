"""The words that people and places are made of: names of many cultures, companies, cities, streets.

Groups of names are lines of one culture: given names, a bar, family names. A row per culture keeps drawn names
plausible, because `families.person` mostly takes both halves from one row.
"""

from __future__ import annotations


def entries(text: str) -> tuple[str, ...]:
    """The phrases of a text that separates them by bars and line ends."""
    return tuple(phrase.strip() for phrase in text.replace("\n", "|").split("|") if phrase.strip())


_NAMES = """
Ana Beatriz Caio Davi Helena Joana Luiza Mateus Otavio Rafaela Thiago Vitor Isis Bruno Larissa Murilo
|Almeida Barbosa Cardoso Duarte Esteves Fonseca Gouveia Lacerda Macedo Nogueira Pacheco Queiroz Ramalho Siqueira Tavares
Aiko Daichi Emi Haruto Kaede Kenta Mio Naoki Ren Sakura Sota Yui Hinata Riku Nanami Takumi
|Aoki Endo Fujita Hayashi Ishikawa Kimura Matsuda Nakano Ogawa Sakamoto Shimizu Takeda Uchida Wada Yoshida
Adaeze Chidi Emeka Folake Ifeoma Kelechi Ngozi Obinna Sade Tunde Uche Yemi Amara Bola Chike Zainab
|Adebayo Akande Balogun Chukwu Danjuma Eze Ibekwe Lawal Nwosu Obi Okafor Oni Sanusi Umeh Yakubu
Aarav Ananya Devika Ishaan Kavya Lakshmi Meera Nikhil Priya Rohan Sanjay Tara Vikram Zoya Arjun Diya
|Agarwal Banerjee Chopra Desai Gupta Iyer Joshi Kulkarni Mehta Nair Patel Rao Sharma Trivedi Verma
Anneke Bram Daan Femke Hanneke Jasper Lieke Maarten Niels Roos Sanne Teun Willem Saskia Joris Marijke
|Bakker Dekker Hendriks Jansen Kuipers Maes Mulder Peeters Postma Smeets Verhoeven Visser Vos Wouters Zijlstra
Agnieszka Bartosz Dorota Ewa Grzegorz Jadwiga Kamil Magda Piotr Renata Szymon Tomasz Wanda Zofia Marek Iga
|Adamski Borkowski Czajka Dudek Gajda Jasinski Kaczmarek Lis Mazur Nowak Pawlak Rutkowska Sikora Wilk Zawada
Alejandra Camila Diego Esteban Fernanda Gael Ignacio Jimena Leandro Marisol Paola Ramiro Valeria Ximena José Inés
|Aguirre Bustos Cordero Espinoza Figueroa Guzmán Herrera Ibarra Montoya Ortega Quintero Rojas Salazar Vargas Zamora
Amal Bilal Dalia Faris Hanan Karim Layla Mariam Nadia Omar Rania Samir Tariq Yasmin Idris Salma
|Aziz Bakri Darwish Farouk Haddad Ismail Jaber Khalil Mansour Nasser Qasim Rahal Saleh Tahan Zidan
Astrid Birgit Einar Freja Gunnar Ingrid Kjell Linnea Maja Nils Oskar Ragna Signe Torben Viggo Solveig
|Andersson Bakke Dahl Eklund Friis Hagen Iversen Krogh Lindqvist Moen Nyberg Rask Solberg Toft Winther
Alice Bernard Clara Edmund Florence George Hazel Imogen Jerome Lydia Martin Nora Owen Phoebe Rupert Zoë
|Ashby Bennett Carver Doyle Ellison Fletcher Grant Hargreaves Kingsley Lambert Marsh Pemberton Sinclair Thorne Whitaker
Bao Chau Duc Hanh Khanh Lan Linh Minh Ngoc Phuong Quang Thao Trang Tuan Vy Yen
|Bui Cao Dang Dinh Doan Duong Ha Hoang Huynh Lam Ly Mai Nguyen Phan Tran
"""

_LINES = _NAMES.strip().split("\n")

CULTURES: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = tuple(
    (tuple(given.split()), tuple(family.lstrip("|").split()))
    for given, family in zip(_LINES[::2], _LINES[1::2], strict=True)
)
"""Given names and family names, one pair per culture; more than 150 of each in all."""

COMPANY_HEADS: tuple[str, ...] = entries("""
Alderbrook|Bluepeak|Copperline|Driftwood|Eastgate|Fernhill|Granary|Harborview|Ironbridge|Juniper|Kestrel
Larkfield|Meridian|Northwind|Oakhaven|Pinecrest|Quarry|Riverstone|Saltmarsh|Thistle|Umbra|Valewood|Westering
Yarrow
""")
COMPANY_TAILS: tuple[str, ...] = entries("""
Analytics|Bakery|Ceramics|Clinic|Consulting|Dental|Design Studio|Engineering|Farms|Freight|Gardens|Hospitality
Insurance|Joinery|Labs|Logistics|Media|Optics|Outfitters|Press|Robotics|Schools|Textiles|Travel
""")

_CITIES = """
Albany=122##|Ann Arbor=481##|Asheville=288##|Austin=787##|Baltimore=212##|Boise=837##|Boulder=803##
Burlington=054##|Charleston=294##|Columbus=432##|Dayton=454##|Denver=802##|Des Moines=503##|Duluth=558##
El Paso=799##|Eugene=974##|Fargo=581##|Fresno=937##|Greenville=296##|Hartford=061##|Ithaca=148##
Juneau=998##|Knoxville=379##|Lexington=405##|Lincoln=685##|Madison=537##|Missoula=598##|Mobile=366##
Nashville=372##|Norfolk=235##|Omaha=681##|Portland=972##|Providence=029##|Raleigh=276##|Reno=895##
Richmond=232##|Rochester=146##|Sacramento=958##|Salem=973##|Santa Fe=875##|Savannah=314##|Spokane=992##
Syracuse=132##|Tacoma=984##|Topeka=666##|Tucson=857##|Tulsa=741##|Worcester=016##
"""

CITIES: tuple[tuple[str, str], ...] = tuple((city, code) for city, code in (e.split("=") for e in entries(_CITIES)))
"""City with the shape of its postal codes, `#` for a digit."""

STREETS: tuple[str, ...] = entries("""
Acorn Lane|Aspen Court|Bell Street|Birch Avenue|Canal Row|Cedar Street|Chapel Hill Road|Clover Drive
Cooper Street|Depot Street|Elm Row|Fairview Avenue|Ferry Road|Foundry Street|Garden Terrace|Grove Street
Hawthorn Way|High Street|Hillcrest Drive|Ivy Lane|Jefferson Avenue|Juniper Court|Kiln Road|Lakeshore Drive
Laurel Street|Linden Avenue|Magnolia Street|Maple Street|Market Square|Meadow Lane|Mill Road|Mulberry Street
Oak Avenue|Orchard Road|Park Place|Pear Tree Lane|Pine Street|Prospect Avenue|Quarry Road|Railway Street
River Road|Rose Court|School Lane|Spruce Way|Station Road|Sycamore Avenue|Tanner Street|Union Street|Valley Road
Vine Street|Walnut Street|Willow Drive
""")

AREA_CODES: tuple[str, ...] = entries("""
202|206|303|312|404|415|503|512|602|612|617|702|713|773|808|901|917|919
""")

MAIL_DOMAINS: tuple[str, ...] = ("example.com", "example.org", "example.net")
"""Domains reserved for documentation: mail to them reaches nobody."""

ROOMS: tuple[str, ...] = entries("""
Aurora|Basalt|Cascade|Delta|Ember|Fjord|Glacier|Harbor|Indigo|Lagoon|Mesa|Nimbus|Orchid|Prairie|Quartz|Summit
""")

CARRIERS: tuple[str, ...] = ("Blue Heron Express", "Cartwheel Parcel", "Northline Freight", "Swiftpost")
