"""Small functions that pick one record out of an export: mixed tasks break them. Their source is what a mended module
holds, so each stands alone and calls nothing else of this package. A record is a row of a CSV file, all of it text.
"""

from __future__ import annotations


def longest_waiting(rows: list[dict[str, str]], rank: str) -> str:
    """The ticket that was opened first of those that are not closed and have another priority; "" without one."""
    waiting = [row for row in rows if row["status"] != "closed" and row["priority"] != rank]
    waiting.sort(key=lambda row: (row["created_at"], row["ticket_id"]))
    return waiting[0]["ticket_id"] if waiting else ""


def deepest_shortage(rows: list[dict[str, str]], spare: int) -> str:
    """The stock item that is furthest below its reorder point and `spare` units; "" where none is below."""
    short = {}
    for row in rows:
        lacking = int(row["reorder_point"]) + spare - int(row["units_on_hand"])
        if lacking > 0:
            short[row["stock_id"]] = lacking
    return min(short, key=lambda name: (-short[name], name)) if short else ""


def dearest_unpaid(rows: list[dict[str, str]], day: str) -> str:
    """The invoice with the largest amount that is neither paid nor void and falls due before a day; "" without one."""
    late = [row for row in rows if row["status"] not in ("paid", "void") and row["due_date"] < day]
    late.sort(key=lambda row: (-float(row["amount"]), row["invoice_id"]))
    return late[0]["invoice_id"] if late else ""


def largest_waiting(rows: list[dict[str, str]], most: int) -> str:
    """The order with the largest amount of those that were not sent and are of `most` units or fewer; "" without one."""
    best, top = "", 0.0
    for row in sorted(rows, key=lambda row: row["order_id"]):
        if row["status"] not in ("pending", "processing") or int(row["quantity"]) > most:
            continue
        if float(row["amount"]) > top:
            best, top = row["order_id"], float(row["amount"])
    return best
