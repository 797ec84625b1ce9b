"""Faces: they move as their numbers say, each emotion looks like no other, and people differ but not in mood."""

import numpy as np
import pytest

from mmcourse.data import faces
from mmcourse.data.faces import EXPRESSIONS, Expression, Person

ANYBODY = Person(0, 0, 1, 1, 1, 1, 200)
CALM = EXPRESSIONS["calm"]


def ink(face, rows, columns):
    """The mean row of what is darker than the head in a part of the face."""
    dark = 200 - np.minimum(face[slice(*rows), slice(*columns)].astype(float), 200)
    return (dark * np.arange(*rows)[:, None]).sum() / dark.sum()


def test_a_face_is_grey_bytes_and_a_function_of_its_numbers():
    rng = np.random.default_rng(0)
    people = [faces.person(rng) for _ in range(5)]
    drawn = [faces.draw(CALM, person) for person in people]
    assert {(face.shape, face.dtype) for face in drawn} == {((32, 32), np.dtype(np.uint8))}
    assert all(np.array_equal(face, faces.draw(CALM, person)) for face, person in zip(drawn, people, strict=True))
    assert len({face.tobytes() for face in drawn}) == 5


def test_corners_jaw_brows_and_lids_move_what_they_are_named_after():
    calm = faces.draw(CALM, ANYBODY).astype(int)
    smile, frown = (faces.draw(Expression(0, 0, 0, c, 0), ANYBODY).astype(int) for c in (1, -1))
    mouth, corners = (19, 27), ((10, 12), (20, 22))
    for columns in corners:
        assert ink(smile, mouth, columns) < ink(calm, mouth, columns) < ink(frown, mouth, columns)
    dark = [(faces.draw(Expression(0, 0, 0, 0, jaw), ANYBODY)[19:31] < 100).sum() for jaw in (0, 0.5, 1)]
    assert dark[0] < dark[1] < dark[2]
    brows = (4, 12)
    for columns, raised in (((11, 14), Expression(1, 0, 0, 0, 0)), ((6, 9), Expression(0, 1, 0, 0, 0))):
        assert ink(faces.draw(raised, ANYBODY), brows, columns) < ink(calm, brows, columns) - 0.3
    white = [(faces.draw(Expression(0, 0, lids, 0, 0), ANYBODY)[11:17, 7:25] > 215).sum() for lids in (-0.5, 0, 1)]
    assert white[0] <= white[1] < white[2]


def test_no_two_emotions_look_the_same_and_intensity_moves_away_from_calm():
    drawn = {e: faces.draw(faces.expression(e, 1), ANYBODY).astype(int) for e in EXPRESSIONS}
    apart = [np.abs(drawn[a] - drawn[b]).mean() for a in drawn for b in drawn if a < b]
    assert min(apart) > 2
    for emotion in set(EXPRESSIONS) - {"calm"}:
        half, full = (np.array(faces.expression(emotion, s)) for s in (0.5, 1))
        np.testing.assert_allclose(half, full / 2)
    assert faces.expression("anger", 0) == CALM


def test_looseness_scatters_about_the_expression():
    rng = np.random.default_rng(1)
    drawn = np.array([faces.expression("fear", 0.7, rng, 0.3) for _ in range(400)])
    np.testing.assert_allclose(drawn.mean(0), faces.expression("fear", 0.7), atol=0.06)
    np.testing.assert_allclose(drawn.std(0), 0.3, atol=0.04)


@pytest.mark.parametrize("wild", [Expression(3, -3, 4, 3, 3), Expression(-3, 3, -4, -3, -3)])
def test_the_wildest_faces_can_be_drawn(wild):
    assert np.ptp(faces.draw(wild, ANYBODY)) > 100


def test_an_unknown_emotion_is_told():
    with pytest.raises(ValueError, match=r"expected an emotion of .*'joy'.* came 'envy'"):
        faces.expression("envy", 1)
