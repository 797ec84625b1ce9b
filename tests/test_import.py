"""`import mmcourse` is light, and sets one thread unless told otherwise."""

import os


def test_importing_the_course_is_quick_and_imports_nothing_heavy(run_python):
    """At most 50 ms: the best of five, since a busy machine only ever adds."""
    code = (
        "import time, sys; start = time.perf_counter(); import mmcourse; print(time.perf_counter() - start);"
        "assert not {'numpy', 'torch', 'matplotlib'} & set(sys.modules)"
    )
    assert min(float(run_python(code)) for _ in range(5)) < 0.050


def test_one_thread_is_a_default_and_not_an_order(run_python):
    code = "import mmcourse, os; print(os.environ['OMP_NUM_THREADS'])"
    free = {n: v for n, v in os.environ.items() if n != "OMP_NUM_THREADS"}
    assert run_python(code, env=free).strip() == "1"
    assert run_python(code, env=free | {"OMP_NUM_THREADS": "3"}).strip() == "3"


def test_show_and_grading_leave_torch_alone(run_python):
    """A learner who writes NumPy should not wait for torch."""
    run_python("import mmcourse.show, mmcourse.grading, mmcourse.data.scenes, sys; assert 'torch' not in sys.modules")
