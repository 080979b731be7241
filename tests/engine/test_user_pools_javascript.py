"""Cognito's user pools by the clients of web pages: amazon-cognito-identity-js, and aws-jwt-verify for their tokens."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from own import OwnLam
from packages import node_modules
from pools_rig import PASSWORD, Pool
from services_rig import lam

__all__ = ["lam"]

PACKAGES = ("amazon-cognito-identity-js@6.3.21", "aws-jwt-verify@5.2.1")
PAGE = """
const c = require("amazon-cognito-identity-js");
const { CognitoJwtVerifier } = require("aws-jwt-verify");
const [url, UserPoolId, ClientId, what, ...more] = process.argv.slice(2);
const Pool = new c.CognitoUserPool({ UserPoolId, ClientId, endpoint: url });
const user = (Username) => new c.CognitoUser({ Username, Pool });
const by = (begin) => new Promise((resolve, reject) =>
  begin((error, result) => (error ? reject(error) : resolve(result))));
const signIn = (begin, answer) => new Promise((onSuccess, onFailure) =>
  begin({ onSuccess, onFailure, customChallenge: (asked) => answer(asked, { onSuccess, onFailure }) }));
const details = (Username, Password) => new c.AuthenticationDetails({ Username, Password });

async function verified(session) {
  const keys = await (await fetch(`${url}/${UserPoolId}/.well-known/jwks.json`)).json();
  const verify = async (tokenUse, token) => {
    const verifier = CognitoJwtVerifier.create({ userPoolId: UserPoolId, tokenUse, clientId: ClientId });
    verifier.cacheJwks(keys);
    return verifier.verify(token);
  };
  return {
    id: await verify("id", session.getIdToken().getJwtToken()),
    access: await verify("access", session.getAccessToken().getJwtToken()),
  };
}

const ways = {
  async signUp(name, password, email) {
    const attributes = [new c.CognitoUserAttribute({ Name: "email", Value: email })];
    const told = await by((done) => Pool.signUp(name, password, attributes, null, done));
    return { sub: told.userSub, confirmed: told.userConfirmed };
  },
  confirm: (name, code) => by((done) => user(name).confirmRegistration(code, false, done)),
  async signIn(name, password) {
    const one = user(name);
    const session = await signIn((told) => one.authenticateUser(details(name, password), told));
    const attributes = await by((done) => one.getUserAttributes(done));
    const again = await by((done) => one.refreshSession(session.getRefreshToken(), done));
    return { ...(await verified(again)), attributes: Object.fromEntries(attributes.map((a) => [a.Name, a.Value])) };
  },
  async custom(name, password, answer) {
    const one = user(name);
    one.setAuthenticationFlowType("CUSTOM_AUTH");
    const send = (asked, told) => one.sendCustomChallengeAnswer(answer, told, { asked: asked.question });
    return verified(await signIn((told) => one.authenticateUser(details(name, password), told), send));
  },
};
ways[what](...more).then(
  (told) => console.log(JSON.stringify(told)),
  (error) => console.log(JSON.stringify({ error: error.code || error.name, message: error.message })),
);
"""
BODY = """
if source.startswith("Define"):
    asked = [(one["challengeName"], one["challengeResult"]) for one in request["session"]]
    response["challengeName"] = ["PASSWORD_VERIFIER", "CUSTOM_CHALLENGE", None][len(asked) - 1]
    response["issueTokens"] = len(asked) == 3 and all(is_right for _, is_right in asked)
    response["failAuthentication"] = not all(is_right for _, is_right in asked)
if source.startswith("Create"):
    response["publicChallengeParameters"] = {"question": "life"}
if source.startswith("Verify"):
    response["answerCorrect"] = request["challengeAnswer"] == "42"
if source.startswith("Token"):
    response["claimsOverrideDetails"] = {"claimsToAddOrOverride": {"plan": "gold"}}
""".strip()
TRIGGERS = ("DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallengeResponse", "PreTokenGeneration")


@pytest.fixture(scope="module")
def modules(pytestconfig: pytest.Config) -> Path:
    return node_modules(pytestconfig, *PACKAGES)


def page(modules: Path, pool: Pool, what: str, *more: str) -> Any:
    """What a page has of it."""
    (modules / "page.js").write_text(PAGE)
    line = ["node", "page.js", pool.lam.url, pool.id, pool.client_id, what, *more]
    done = subprocess.run(line, cwd=modules, capture_output=True, text=True, timeout=120, check=True)
    return json.loads(done.stdout)


def test_a_page_signs_somebody_up_and_in(lam: OwnLam, modules: Path) -> None:
    pool = Pool(lam, "web", BODY, "PreTokenGeneration", AutoVerifiedAttributes=["email"])
    address = "ada@example.com"

    begun = page(modules, pool, "signUp", "ada", PASSWORD, address)
    wrong = page(modules, pool, "confirm", "ada", "none")
    page(modules, pool, "confirm", "ada", pool.code(address))
    refused = page(modules, pool, "signIn", "ada", "Secret-9999")
    told = page(modules, pool, "signIn", "ada", PASSWORD)

    assert begun["confirmed"] is False
    assert wrong["error"] == "CodeMismatchException"
    assert refused == {"error": "NotAuthorizedException", "message": "Incorrect username or password."}
    assert (told["id"]["sub"], told["id"]["plan"], told["access"]["username"]) == (begun["sub"], "gold", "ada")
    assert told["attributes"]["email_verified"] == "true"


def test_a_page_answers_challenges_of_functions(lam: OwnLam, modules: Path) -> None:
    pool = Pool(lam, "asked", BODY, *TRIGGERS)
    pool.confirmed("ada")

    wrong, right = (page(modules, pool, "custom", "ada", PASSWORD, answer) for answer in ("41", "42"))

    assert wrong["error"] == "NotAuthorizedException"
    assert (right["id"]["cognito:username"], right["id"]["plan"]) == ("ada", "gold")
    answered = [one for one in pool.events() if one["triggerSource"].startswith("VerifyAuth")]
    assert [one["request"]["clientMetadata"] for one in answered] == [{"asked": "life"}] * 2
