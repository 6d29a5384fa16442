"""The goods that the shop may sell: name, category, list price."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

Category: TypeAlias = Literal["kitchen", "electronics", "outdoor", "home office", "toys", "books"]
CATEGORIES: tuple[Category, ...] = get_args(Category)

_GOODS: dict[Category, str] = {
    "kitchen": (
        "Cast Iron Skillet 26 cm=39.9|Pour-Over Coffee Kettle=54|Stand Mixer 4.5 L=279|Chef's Knife 20 cm=74.5|"
        "Bamboo Cutting Board=24.9|Digital Kitchen Scale=29.95|Enamel Stock Pot 6 L=68|Salad Spinner=22.5|"
        "Glass Storage Set of 6=31|Espresso Grinder=149|Silicone Baking Mat=14.9|Pepper Mill, walnut=36"
    ),
    "electronics": (
        "Noise-Cancelling Headphones=189|Portable SSD 1 TB=99.9|USB-C Docking Station=129|Bluetooth Speaker=59.5|"
        "Webcam 1080p=48|Smart Plug, two-pack=27.9|E-Reader 7 inch=139|Power Bank 20,000 mAh=44.9|"
        "Wi-Fi Range Extender=39|Digital Photo Frame=84|Dash Camera=112|Mesh Router=164.5"
    ),
    "outdoor": (
        "Two-Person Tent=159|Down Sleeping Bag=184|Trekking Poles, pair=62|Insulated Bottle 1 L=32.5|"
        "Headlamp 400 lumen=38.9|Camping Stove=57|Dry Bag 20 L=26|Folding Chair=45.5|Hammock with Straps=49|"
        "Water Filter Straw=23.9|Hiking Daypack 28 L=92|Picnic Blanket, waterproof=34"
    ),
    "home office": (
        "Standing Desk Converter=219|Ergonomic Office Chair=349|Mechanical Keyboard=94.9|LED Desk Lamp=42|"
        "Monitor Arm=79.5|Wireless Mouse=36.9|Cork Pin Board=28|Document Shredder=87|Desk Organizer, oak=33.5|"
        "Foot Rest=39|Label Printer=68.9|Laptop Stand=46"
    ),
    "toys": (
        "Wooden Train Set=64.9|Marble Run, 120 pieces=52|Kite, delta shape=21.5|Building Blocks, 500 pieces=47|"
        "Jigsaw Puzzle, 1,000 pieces=18.9|Balance Bike=89|Doll House=119|Watercolor Set=16.5|Chess Set, magnetic=27|"
        "Science Kit: Crystals=34.9|Hand Puppets, set of 4=29|Stacking Cups=12.9"
    ),
    "books": (
        "Field Guide to Garden Birds=24|The Bread Year=32.5|Atlas of Quiet Places=45|A Short History of Maps=19.9|"
        "Knots and Splices=15.5|Weeknight Curries=27|The Lighthouse Keepers, a novel=17.9|Learning to Draw Hands=22|"
        "Night Sky Month by Month=29.5|Repairing Old Clocks=38|Letters from the Delta=16|Soil, Seed, Supper=26.9"
    ),
}

GOODS: dict[Category, tuple[tuple[str, float], ...]] = {
    category: tuple((name, float(price)) for name, price in (entry.split("=") for entry in entries.split("|")))
    for category, entries in _GOODS.items()
}
"""Name and list price in dollars of at least ten products per category."""
