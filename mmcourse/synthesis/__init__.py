"""Speech from text: an attention sequence-to-sequence network from characters to mel frames, and then Griffin-Lim.

    voice = checkpoints.synthesiser.load("en")
    sound, rate = voice.say("two small cats on the grass")
    log_mel, attention = voice.mel("two small cats on the grass")
    other, history = synthesiser.learn(texts, sounds, voice=voice, steps=60, batch=8, rate=1e-3)  # takes on a voice

    network         the encoder, the attention that knows where it was, the decoder, in torch
    fitting         the losses and the training
    frames          log-mel frames made for speaking, and the way back to sound
    alignment       whether the attention reads from left to right, in NumPy
    synthesiser     `Synthesiser`: text in, sound out

A torch room: the NumPy halves of its parts stand elsewhere. `layers.scratch.embedding`, `convolution.scratch`,
`recurrent.scratch.gru`, `captioning.scratch.additive_attention` (the same score, without the location),
`layers.scratch.binary_cross_entropy` (the stop) and `speech.inversion.griffin_lim`.

Axis letters: B batch, T characters with the end, N frames, R frames a step, M mel bands, V entries of the alphabet,
E width of a character, H width of the encoder's state in one direction, P of the bottleneck, S of the decoder's state,
A of the hidden layer that scores a character, D = 2H. There are N / R steps.

Papers:
    Chorowski et al. 2015, "Attention-based models for speech recognition", arXiv:1506.07503, eqs 8 and 9: attention
        that knows where it was, `LocationAttention`.
    Wang et al. 2017, "Tacotron", arXiv:1703.10135: several frames a step (section 3.3), a bottleneck with dropout
        between what was said and what is said next (section 3.2); ours is smaller, without their CBHG blocks.
    Shen et al. 2018, "Natural TTS synthesis by conditioning WaveNet on mel spectrogram predictions", arXiv:1712.05884,
        section 2.2: the sum of earlier weights in the location features, and the stop.
    Tachibana et al. 2018, "Efficiently trainable text-to-speech system based on deep convolutional networks with guided
        attention", arXiv:1710.08969, section 4.1: `guided_attention_loss`.
"""
