"""Functions of Cognito's user pools, whichever engine runs them and by whichever name."""

from __future__ import annotations

from pathlib import Path

import pytest
from own import QUICKER, own_emulator
from pools_rig import Pool, allow
from services_rig import ACCOUNT


@pytest.mark.parametrize("engine", QUICKER)
def test_the_function_runs_on_any_engine_and_by_an_alias(tmp_path: Path, engine: str) -> None:
    with own_emulator(tmp_path, engine, account=ACCOUNT, pull_images=False) as lam:
        pool = Pool(lam, "hook", "response['autoConfirmUser'] = True")
        lam.client.publish_version(FunctionName="hook")
        alias = lam.client.create_alias(FunctionName="hook", Name="live", FunctionVersion="1")["AliasArn"]
        pool.idp.update_user_pool(UserPoolId=pool.id, LambdaConfig={"PreSignUp": alias})
        allow(lam, alias, pool.pool_arn)

        assert pool.sign_up("ada")["UserConfirmed"] is True
        assert pool.sources() == ["PreSignUp_SignUp"]
