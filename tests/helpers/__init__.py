"""What tests share: oracles, pictures, files of other programs, processes."""
