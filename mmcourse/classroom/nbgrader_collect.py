"""What `nbgrader collect` and formgrader's button run in place of nbgrader's own collecting, which warns of a
submission in another student's name and then takes it.

c.ExchangeFactory.collect = "mmcourse.classroom.nbgrader_collect.CheckedCollect"
"""

from pathlib import Path

from nbgrader.exchange.default import ExchangeCollect
from traitlets import Bool

from . import collecting
from .course import ClassError


class CheckedCollect(ExchangeCollect):
    """Collect as `mmcourse class collect` does; what is refused stands in the log, with the reason."""

    trust_names = Bool(
        False, help="Believe the names of submissions, where a hub runs everybody as the same user of the system."
    ).tag(config=True)

    def start(self):
        folder, name = Path(self.coursedir.root), self.coursedir.assignment_id
        try:
            found = collecting.incoming(folder, name, None, self.trust_names)
            outcomes = collecting.collect(folder, name, found)
        except ClassError as error:
            self.fail(str(error))
        for outcome in outcomes:
            tell = self.log.warning if outcome.state == "refused" else self.log.info
            tell(" ".join(filter(None, (f"{outcome.state}: {outcome.place}", outcome.words))))
        if not outcomes:
            self.log.warning(f"There are no submissions of {name} to collect")
