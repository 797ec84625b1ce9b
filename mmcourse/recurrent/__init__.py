"""Recurrent networks: read a sequence one step at a time, and keep what matters in a state.

Axis letters: T steps, B sequences, I width of the input, H width of the state.

Every function takes x (T, B, I), the first state(s) (B, H), and parameters in PyTorch's layout and gate order:
w_ih (G·H, I), w_hh (G·H, H), b_ih and b_hh (G·H,), with G = 1 for `rnn`, 3 for `gru` (reset, update, new) and 4 for
`lstm` (input, forget, cell, output). It returns y (T, B, H), every state, and the last one(s). `lstm_steps` is what is
left of `lstm` once the input's part of the gates is known.

Papers:
    Elman 1990, "Finding structure in time", Cognitive Science 14: figure 2 is `rnn`.
    Hochreiter & Schmidhuber 1997, "Long short-term memory", Neural Computation 9, with the forget gate of
        Gers et al. 2000, Neural Computation 12: `lstm`.
    Cho et al. 2014, "Learning phrase representations using RNN encoder-decoder", arXiv:1406.1078, eqs 5 to 8: `gru`,
        in the form that applies the reset gate after the product with w_hh, as cuDNN and PyTorch do.
"""
