"""Packages from npm, and a Node that is new enough for them."""

import subprocess

# The suite wants 24, and the Inspector 22.19.
NODE = "node@24.21.0"


def install(folder, packages):
    """These packages and Node, into a folder. Whatever is to be there is installed by one command, which removes all else."""
    wanted = [*packages, NODE]
    marker = folder / "installed"
    if not marker.exists() or marker.read_text() != "\n".join(wanted):
        folder.mkdir(parents=True, exist_ok=True)
        npm = ["npm", "install", "--loglevel=error", "--no-save", "--prefix", folder]
        subprocess.run([*npm, *wanted], check=True, stdout=subprocess.DEVNULL)
        marker.write_text("\n".join(wanted))
