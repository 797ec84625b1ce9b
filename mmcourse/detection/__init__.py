"""Detection: which things are in a picture, and where.

    scratch     boxes, their overlap, the two losses, who is responsible for what, and the choice of the best in NumPy
                (`pytorch`: the twins)
    network     what every point of the grid sees, and says (`fitting` trains it)
    detector    images in, boxes with names out
    prompted    finds what a text asks for, or says that it is not there (`prompted_fitting` trains it)

Axis letters: N boxes, M boxes of another set, P points of a grid, K classes. A box is (x0, y0, x1, y1) in pixels, x1
and y1 excluded.

Papers:
    Tian et al. 2019, "FCOS: fully convolutional one-stage object detection", arXiv:1904.01355: eq. 1 is `distances`;
        every point inside a box predicts it, of several the smallest: `assign`. The radius, "centre sampling", is of
        their later version (arXiv:2006.09214).
    Rezatofighi et al. 2019, "Generalized intersection over union", arXiv:1902.09630: algorithm 1 is GIoU, and
        `giou_loss` is 1 minus it.
    Lin et al. 2017, "Focal loss for dense object detection", arXiv:1708.02002: eq. 4 and 5 are `focal_loss`; section
        4.1 starts a detector so that it believes in almost nothing.
"""
