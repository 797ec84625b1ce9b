"""Questions, their known wrong answers, and check().

    check("03-softmax", my_softmax)   try your own function: a panel in the notebook, and a Result
    questions("03")                   the questions as data
    progress.summary("03")            how far you are

`question` says what a question is; `running` calls the learner's function, `comparing` says what is wrong with a
value, `diagnosis` finds the known mistake behind it, `result` and `picture` show it, `progress` remembers it. One
package for each assignment holds its questions: `heterogeneous_data`, `fusion`, `attention`, `gan`, `captioning`,
`cross_modal_translation`, `alignment_and_retrieval`, `image_understanding`, `video_analysis`,
`human_computer_interaction`, `tools`, `transformers_and_trends`, `choosing_a_fusion_method`. `capstone` checks a
report of one's own and holds the rubric.

The course's code is open, so you can read every reference here. You learn by writing the answer yourself.
"""

from . import progress
from .checker import check, grade
from .question import Case, Question, WrongAnswer
from .registry import UnknownQuestion, questions
from .result import Result

__all__ = ["Case", "Question", "Result", "UnknownQuestion", "WrongAnswer", "check", "grade", "progress", "questions"]
