"""Video: from what is seen frame by frame to what happens in a clip, with one network or with several streams.

    scratch, pytorch   pooling over time (mean, maximum, attention), and the late fusion of scores
    network            streams: frames, optical flow, sound, words; and what reads the order of frames
    fitting            training a stream in seconds
    fusing             streams that were trained apart, brought together
    watcher            a trained system: frames (and sound) in, an action out; also on a long film

Axis letters: `...` any leading axes, B clips, T frames, D width of a frame's features, H learned queries,
M streams, V classes.

In a mask over time True means "this frame belongs to the clip", so that clips of different length share one array;
what stands where it is False is never read, and a clip without frames gives zeros. In `present`, True means "this
stream has something to say". A clip of one frame has no flow: there the motion stream abstains.

Papers:
    Simonyan & Zisserman 2014, "Two-stream convolutional networks for action recognition in videos", arXiv:1406.2199:
        one stream for frames, one for stacked optical flow, joined by their scores: `fuse_scores`.
    Ng et al. 2015, "Beyond short snippets: deep networks for video classification", arXiv:1503.08909: pooling over time
        against an LSTM that reads the frames in order.
    Wang et al. 2016, "Temporal segment networks", arXiv:1608.00859: a stream learns from frames drawn from the
        whole clip, and its verdict is the average of theirs.
    Vaswani et al. 2017, arXiv:1706.03762, eq. 1, with learned queries in place of words: `attention_pool`.
"""
