"""project: reads a project's files, and makes there be what they declare, by the operations of the API.

Files become declarations, those desired resources; compared with what is there they become changes, which are made.
"""

from lambda_emu.project.declarations import DeclaredFunction, Project, ProjectError
from lambda_emu.project.reader import read_project

__all__ = ["DeclaredFunction", "Project", "ProjectError", "read_project"]
