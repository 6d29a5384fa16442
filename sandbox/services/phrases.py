"""More of what people write: documents and chat messages, and the guided tours that a travel desk sells."""

from __future__ import annotations

from .vocabulary import entries

DOCUMENTS: tuple[tuple[str, str], ...] = tuple(
    (title, body)
    for title, body in (
        line.split("=")
        for line in entries("""
Onboarding checklist=Day one: badge, laptop, two-step login. Day two: meet the team and shadow a shift.
Returns handbook=Goods come back within 30 days. Inspect, photograph, restock or recycle, then refund.
Travel expenses guide=Book trains before flights. Keep every receipt. Hand in the form within two weeks.
Spring campaign brief=Three messages, two channels, one offer. The photos are due at the end of the month.
Carrier comparison=Price, speed and damage rate of the four carriers, measured over the last quarter.
Quarterly figures=Revenue grew by four percent, returns fell slightly, support costs stayed level.
Incident report: label printer=The printer repeated one label for an hour. Cause: a stuck job. Fixed by a restart.
Interview questions=Ask for a story, not for an opinion. Take notes. Decide on the same day.
Supplier scorecard=Points for punctuality, quality and answers. Two suppliers are below the line.
Office rules=Desks are shared, kitchens are cleaned by everyone, meeting rooms are released when not used.
Data retention plan=Orders are kept for ten years, chat for one, recordings for ninety days.
Packaging test results=Twelve of fifty boxes failed the drop test. The new tape holds better in the cold.
Style guide for mails=Short sentences, one question per mail, no abbreviations that customers do not know.
Holiday staffing plan=Two people on every shift, one on call. Swaps are arranged within the team.
Press release draft=The new warehouse opens in autumn and shortens deliveries by a day.
Forecast method notes=A moving average of eight weeks, corrected for holidays and for promotions.
Security awareness slides=Think before you click. Report what looks odd. Nobody is blamed for asking.
Photo shoot plan=Morning: kitchen goods on wood. Afternoon: outdoor goods in the yard, if it stays dry.
Release checklist=Freeze, test, translate, announce. One person presses the button, one watches.
Customer survey summary=People like the speed and miss a chat in the evening. Four in five would buy again.
""")
    )
)
"""Title and text."""

FOLDER_TITLES: tuple[str, ...] = ("Handbooks", "Reports", "Campaigns", "Shared drafts", "Templates", "Projects")

CHANNEL_NAMES: tuple[str, ...] = (
    "shift-handover", "launch-room", "lunch-plans", "data-questions", "returns-desk", "site-moves"
)  # fmt: skip

CHAT_LINES: tuple[str, ...] = entries("""
Can someone take the late shift on Thursday?|The new labels are here, they are in the cupboard.
Deployed, please check the start page.|Who has the key for the archive room?|The courier comes at four today.
Numbers for last week are in the report.|I am five minutes late, start without me.
Fire drill at eleven, nothing to worry about.|Could you look at this ticket once more?
The projector works again.|Thanks for covering yesterday!|Coffee machine is out of order until noon.
We have three applicants for the open position.|Stock count starts after lunch.|The supplier confirmed the date.
Please update your calendars before the trip.|Draft is ready for comments.|That bug is back, I am on it.
Customer called and was very happy.|Parking deck is closed tomorrow.|Meeting moved to the small room.
Does anybody know the guest password?|The invoice for March is approved.|Photos from the offsite are uploaded.
Reminder: timesheets are due today.|I will be on a train until two.|New joiner starts on Monday, say hello!
The banner has a typo in the second line.|Retrospective notes are in the folder.|Backup finished without errors.
""")

TOURS: tuple[str, ...] = entries("""
Old Town Walk|Harbor at Dusk|Street Food Evening|Museum Highlights|Canyon Day Hike|Lighthouse Bike Ride
Vineyard Afternoon|Ghosts and Legends|River Kayak Morning|Craft Brewery Round|Murals by Tram|Bird Watching at Dawn
Botanical Garden Stroll|Sculpture Park Picnic
""")
