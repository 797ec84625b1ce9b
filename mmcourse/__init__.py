"""mmcourse: multimodal fusion and cross-modal learning, every algorithm twice.

Rooms, one idea each: `scratch` (NumPy, forward and backward by hand), `pytorch` (its twin), `contract` (what both
must do):

    layers      linear, softmax, layer norm, embedding, activations, losses, dropout, SGD and Adam
    attention   scaled dot-product, multi-head and tiled attention
    recurrent   RNN, LSTM, GRU
    convolution conv2d, pooling, batch norm
    fusion      concatenation, product, gated, tensor, low-rank and attention fusion, mixture of experts
    adversarial GAN losses, gradient penalty, spectral normalisation, a GAN on eight Gaussians
    speech      frames, spectrogram, mel filter bank and the way back, Griffin-Lim; CTC and its decoding
    images      resize, crop, normalise
    text        tokenise, byte-pair encoding, word embeddings
    captioning  LSTM captioner, attention over regions, greedy search, sampling, beam search
    alignment   canonical correlation, InfoNCE, two towers into one space, hard negatives, zero-shot naming
    detection   boxes, focal and GIoU loss, suppression; a detector, and one that is told in words what to find
    saliency    Grad-CAM, the way back of a network's head, occlusion
    motion      optical flow: Lucas & Kanade in one step and from coarse to fine, warping
    video       pooling over time, streams of frames, flow, sound and words, and what joins them
    summaries   shots, and key frames that are relevant and differ
    dialogue    a conditional random field; an assistant that hears, understands, looks, searches and speaks
    calibration temperature scaling, and when to ask back
    transformer blocks, patches and tokens of several modalities in one sequence, what they cost
    attribution attention rollout, integrated gradients, Shapley values of modalities
    generation  the parts of a VAE and of flow matching; pictures from words by GAN, VAE and flow matching

Rooms of networks in torch, whose parts stand by hand above:

    recognition speech to text: convolutions and an LSTM, trained by CTC
    synthesis   text to speech: an attention sequence-to-sequence network
    translation all four directions behind one interface, and round trips
    tools       one captioner in NumPy, PyTorch, Keras and Transformers, with the same weights

Around them:

    metrics     how good something is, and how sure we may be
    timing      two functions against each other, in turn
    agree       how two implementations are held together
    data        the world: sticker scenes, clips, digits seen and heard, speech, sensors, and real sets to download
    vision      VGG-16, and what frozen networks see in images
    pretrained  networks whose weights come with pip
    train       one visible training loop
    studies     experiments too long for a notebook
    checkpoints small weights that the course trained itself, each with its command, seed and scores
    show        figures and widgets
    grading     questions, their known wrong answers, check()
    classroom   grades a folder of submitted notebooks, each in a sandbox
    cli         the `mmcourse` command

Importing the package imports nothing heavy: neither NumPy nor torch nor matplotlib.
"""

import os

# One thread is quickest on a shared two-core machine, where a second one spins and waits for its neighbour.
# It must be said before NumPy or torch load their BLAS; whoever sets the variable beforehand keeps their own choice.
os.environ.setdefault("OMP_NUM_THREADS", "1")

__version__ = "0.1.0"
