"""All questions, by id. A new assignment adds its module here."""

import difflib

from .question import Question


class UnknownQuestion(LookupError):
    """There is no question with this id."""


def questions(prefix: str | None = None) -> tuple[Question, ...]:
    """All questions in the order of the course, or those whose id starts with `prefix`, for example "03"."""
    from .alignment_and_retrieval import QUESTIONS as ALIGNMENT_AND_RETRIEVAL
    from .attention import QUESTIONS as ATTENTION
    from .captioning import QUESTIONS as CAPTIONING
    from .choosing_a_fusion_method import QUESTIONS as CHOOSING_A_FUSION_METHOD
    from .cross_modal_translation import QUESTIONS as CROSS_MODAL_TRANSLATION
    from .fusion import QUESTIONS as FUSION
    from .gan import QUESTIONS as GAN
    from .heterogeneous_data import QUESTIONS as HETEROGENEOUS_DATA
    from .human_computer_interaction import QUESTIONS as HUMAN_COMPUTER_INTERACTION
    from .image_understanding import QUESTIONS as IMAGE_UNDERSTANDING
    from .tools import QUESTIONS as TOOLS
    from .transformers_and_trends import QUESTIONS as TRANSFORMERS_AND_TRENDS
    from .video_analysis import QUESTIONS as VIDEO_ANALYSIS

    in_order = (
        *(*HETEROGENEOUS_DATA, *FUSION, *ATTENTION, *GAN, *CAPTIONING),
        *(*CROSS_MODAL_TRANSLATION, *ALIGNMENT_AND_RETRIEVAL, *IMAGE_UNDERSTANDING),
        *VIDEO_ANALYSIS,
        *HUMAN_COMPUTER_INTERACTION,
        *TOOLS,
        *TRANSFORMERS_AND_TRENDS,
        *CHOOSING_A_FUSION_METHOD,
    )
    return tuple(q for q in in_order if q.id.startswith(prefix or ""))


def find(question_id: str) -> Question:
    """The question with this id; raises UnknownQuestion, which names the nearest id and lists all."""
    by_id = {question.id: question for question in questions()}
    if question_id in by_id:
        return by_id[question_id]
    near = difflib.get_close_matches(str(question_id), by_id, n=1)
    advice = f' Did you mean "{near[0]}"?' if near else ""
    raise UnknownQuestion(f"There is no question {question_id!r}.{advice} The questions are {', '.join(by_id)}.")
