"""Cognito's user pools, where moto keeps them and does no more: who signs up, signs in, and has what function run.

An operation is made of changes, which are kept one by one before anybody is told, and of functions that run between
them, while nothing is held. What a function answered is in the changes that follow: none is run again for a change that
is made once more. `serving` has the operations by their names; `finding` finds pools and users in moto.
"""
