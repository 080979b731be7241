"""`python -m lambda_emu` is `lambda-emu`."""

from lambda_emu.cli import main

if __name__ == "__main__":
    main(prog_name="lambda-emu")
