"""How models are compared: the protocol of the paper's tables, PSNR and SSIM.

Enters: a folder of originals and a model. Leaves: dB and SSIM of each image, and their means.
Open `protocol.py` first.
"""
