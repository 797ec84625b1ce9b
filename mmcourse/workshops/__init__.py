"""What a teacher takes into a room: plans, notes, a check of every computer, and the course in a folder.

`sections` cuts a chapter at its headings, `reading` says how long a person takes for them, and `plans` fills a day
with both. `notes` tells what each question is about and what goes wrong in it; `readiness` is `mmcourse doctor
--class`, and `bundle` gathers the course for a room without internet. The folder `workshops/` holds what they make.
"""
