"""project: reads a project's files into functions. No engine, no sockets."""

from lambda_emu.project.declarations import DeclaredFunction, Project, ProjectError
from lambda_emu.project.deploy import deploy
from lambda_emu.project.reader import read_project

__all__ = ["DeclaredFunction", "Project", "ProjectError", "deploy", "read_project"]
