"""The table of known shapes: what a secret looks like, how it is called, and a text it cannot be without.

Sources: the providers' documentation, the rules of gitleaks and detect-secrets, and what leaked in public
cassettes. Each shape has boundaries on both sides and a maximum length, or it would be found in base64
media. Patterns never look back over what they have read (possessive repeats), so any text takes linear time.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote

from vcr_llm.scrub import judging
from vcr_llm.scrub.rule import Rule, around, not_invented, opaque, token

__all__ = ["IN_BYTES", "SHAPES"]

_ALNUM: Final = "[A-Za-z0-9]"
_NO_BASE64: Final = "(?![A-Za-z0-9_+/=-])"
_HEX: Final = "[0-9a-f]"
_SLASH: Final = r"(?:/|\\/|%2[Ff])"
_SPACE: Final = r"(?: |%20|\+)"
"""As they are, in JSON and percent-encoded: texts quote whole forms and queries."""


def _each(prefix: str) -> tuple[str, ...]:
    """Anchors for a prefix that is also part of words: with each hexadecimal digit behind it."""
    return tuple(prefix + digit for digit in "0123456789abcdef")


_LLM_PROVIDERS: Final = (
    token(
        "anthropic-api-key",
        "ANTHROPIC_API_KEY",
        "sk-ant-",
        "[a-z0-9]{2,12}+-[A-Za-z0-9_-]{24,200}+",
        glued=True,
    ),
    token("openrouter-api-key", "OPENROUTER_API_KEY", "sk-or-", rf"v1-{_HEX}{{64}}", glued=True),
    token(
        "langfuse-secret-key", "LANGFUSE_SECRET_KEY", "sk-lf-", rf"{_HEX}{{8}}-[0-9a-f-]{{27}}", glued=True
    ),
    token(
        "openai-api-key",
        "OPENAI_API_KEY",
        "sk-",
        "(?:proj|svcacct|admin)-[A-Za-z0-9_-]{20,250}+",
        *("sk-proj-", "sk-svcacct-", "sk-admin-"),
        check=judging.is_random,
        glued=True,
    ),
    token(
        "openai-api-key",
        "OPENAI_API_KEY",
        "sk-",
        "(?!ant-|or-v1-|lf-)[A-Za-z0-9_-]{20,250}+",
        check=judging.is_random,
    ),
    token("openai-session-key", "OPENAI_SESSION_KEY", "sess-", "[A-Za-z0-9]{36,64}+"),
    token("openai-client-secret", "OPENAI_CLIENT_SECRET", "ek_", "[A-Za-z0-9]{32,64}+"),
    token("google-api-key", "GOOGLE_API_KEY", "AIza", "[A-Za-z0-9_-]{35}", end=_NO_BASE64, glued=True),
    token("google-api-key", "GOOGLE_API_KEY", r"AQ\.", "[A-Za-z0-9_-]{40,120}+", "AQ.Ab", end=_NO_BASE64),
    token("google-oauth-token", "GOOGLE_OAUTH_TOKEN", r"ya29\.", r"[A-Za-z0-9_.-]{20,2000}+"),
    token("google-refresh-token", "GOOGLE_REFRESH_TOKEN", "1//0", "[A-Za-z0-9_-]{38,200}+", end=_NO_BASE64),
    token("google-client-secret", "GOOGLE_CLIENT_SECRET", "GOCSPX-", "[A-Za-z0-9_-]{28}"),
    token("huggingface-token", "HF_TOKEN", "hf_", f"{_ALNUM}{{30,40}}+"),
    token("groq-api-key", "GROQ_API_KEY", "gsk_", f"{_ALNUM}{{40,64}}+"),
    token("xai-api-key", "XAI_API_KEY", "xai-", f"{_ALNUM}{{60,100}}+"),
    token("perplexity-api-key", "PERPLEXITY_API_KEY", "pplx-", f"{_ALNUM}{{40,64}}+"),
    token("replicate-api-token", "REPLICATE_API_TOKEN", "r8_", f"{_ALNUM}{{36,40}}+"),
    token("together-api-key", "TOGETHER_API_KEY", "tgp_v1_", "[A-Za-z0-9_-]{40,60}+"),
    token("fireworks-api-key", "FIREWORKS_API_KEY", "fw_", f"{_ALNUM}{{22,32}}+", check=judging.is_random),
    token("cerebras-api-key", "CEREBRAS_API_KEY", "csk-", "[a-z0-9]{40,60}+"),
    token("nvidia-api-key", "NVIDIA_API_KEY", "nvapi-", "[A-Za-z0-9_-]{60,80}+"),
    token("jina-api-key", "JINA_API_KEY", "jina_", "[A-Za-z0-9_-]{55,70}+"),
    token("tavily-api-key", "TAVILY_API_KEY", "tvly-", "[A-Za-z0-9-]{20,60}+", check=judging.is_random),
    token("pinecone-api-key", "PINECONE_API_KEY", "pcsk_", "[A-Za-z0-9_]{60,80}+"),
    token("langsmith-api-key", "LANGSMITH_API_KEY", "lsv2_", rf"(?:pt|sk)_{_HEX}{{32}}_{_HEX}{{10}}"),
    token("logfire-token", "LOGFIRE_TOKEN", "pylf_v", rf"\d{{1,2}}_[a-z]{{2,6}}_{_ALNUM}{{40,60}}+"),
    token("elevenlabs-api-key", "ELEVENLABS_API_KEY", "sk_", rf"{_HEX}{{48}}"),
)

_QUERY_VALUE: Final = "([A-Za-z0-9%+/=_.~-]{20,6000}+)"
"""In a signed URL within a text; no shape of its own, but the parameter's name is nobody else's."""

_CLOUDS: Final = (
    token(
        "aws-access-key-id",
        "AWS_ACCESS_KEY_ID",
        "A[KS]IA",
        "[A-Z0-9]{16}",
        *("AKIA", "ASIA"),
        end=_NO_BASE64,
        glued=True,
    ),
    token("aws-session-token", "AWS_SESSION_TOKEN", "IQoJb3JpZ2lu", "[A-Za-z0-9+/]{60,3000}+={0,2}+"),
    token(
        "aws-session-token",
        "AWS_SESSION_TOKEN",
        "F[wQ]oGZXIvYXdz",
        "[A-Za-z0-9+/]{60,3000}+={0,2}+",
        "oGZXIvYXdz",
    ),
    token("aws-bedrock-api-key", "AWS_BEDROCK_API_KEY", "ABSK", "[A-Za-z0-9+/]{100,160}+={0,2}+", "ABSKQ"),
    token("aws-bedrock-api-key", "AWS_BEDROCK_API_KEY", "bedrock-api-key-", "[A-Za-z0-9+/]{60,3000}+={0,2}+"),
    around(
        "aws-secret-access-key",
        "AWS_SECRET_ACCESS_KEY",
        r"(?i)secret[_-]?(?:access[_-]?)?key[\\\"']{0,4}\s{0,4}[:=>]\s{0,4}[\\\"']{0,4}([A-Za-z0-9/+]{40})"
        + _NO_BASE64,
        *(
            "ecretA",
            "ecret_a",
            "ecret-a",
            "ecreta",
            "ECRET_A",
            "ecretK",
            "ecret_k",
            "ECRET_K",
            "ecretkey",
            "ecret-k",
        ),
        check=lambda text: opaque(text) and judging.is_random(text),
    ),
    around(
        "aws-account-id",
        "AWS_ACCOUNT_ID",
        r"arn(?::|%3[Aa])aws[a-z-]{0,12}+(?::|%3[Aa])[a-z0-9-]{1,40}+(?::|%3[Aa])[a-z0-9-]{0,30}+(?::|%3[Aa])"
        r"(\d{12})(?!\d)",
        "arn:aws",
        "arn%3Aaws",
        "arn%3aaws",
        check=judging.is_real_account,
    ),
    around(
        "aws-signature",
        "AWS_SIGNATURE",
        rf"X-Amz-Signature={_QUERY_VALUE}",
        "X-Amz-Signature=",
        check=not_invented,
    ),
    around(
        "aws-session-token",
        "AWS_SESSION_TOKEN",
        rf"X-Amz-Security-Token={_QUERY_VALUE}",
        "X-Amz-Security-Token=",
        check=not_invented,
    ),
    around(
        "google-signature",
        "GOOGLE_SIGNATURE",
        rf"X-Goog-Signature={_QUERY_VALUE}",
        "X-Goog-Signature=",
        check=not_invented,
    ),
    around(
        "cloudfront-signature",
        "CLOUDFRONT_SIGNATURE",
        rf"[?&;6]Signature={_QUERY_VALUE}(?=(?:&|&amp;|\\u0026)Key-Pair-Id=)",
        "Key-Pair-Id=",
        check=not_invented,
    ),
    around(
        "azure-storage-key",
        "AZURE_STORAGE_KEY",
        r"AccountKey(?:=|%3[Dd])((?:[A-Za-z0-9+/]|%2[BbFf]){86}(?:==|%3[Dd]%3[Dd]))",
        *("AccountKey=", "AccountKey%3"),
        check=not_invented,
    ),
    around(
        "azure-access-key",
        "AZURE_ACCESS_KEY",
        r"SharedAccessKey(?:=|%3[Dd])((?:[A-Za-z0-9+/]|%2[BbFf]){43}(?:=|%3[Dd]))",
        *("SharedAccessKey=", "SharedAccessKey%3"),
        check=not_invented,
    ),
    around(
        "azure-sas-signature",
        "AZURE_SAS_SIGNATURE",
        r"(?:[?&]|&amp;|\\u0026)sig=([A-Za-z0-9%+/_-]{20,120}+=?)",
        "sig=",
        check=opaque,
    ),
    around(
        "azure-api-key",
        "AZURE_API_KEY",
        r"(?<![A-Za-z0-9])([A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{26})(?![A-Za-z0-9])",
        "JQQJ99",
        check=not_invented,
    ),
    token("databricks-token", "DATABRICKS_TOKEN", "dapi", rf"{_HEX}{{32}}(?:-\d)?", end=_NO_BASE64),
)

_SERVICES: Final = (
    token(
        "github-token",
        "GITHUB_TOKEN",
        "gh[pousr]_",
        "[A-Za-z0-9_]{36,255}+",
        "ghp_",
        "gho_",
        "ghu_",
        "ghs_",
        "ghr_",
        glued=True,
    ),
    token("github-token", "GITHUB_TOKEN", "github_pat_", "[A-Za-z0-9_]{60,100}+", glued=True),
    token("gitlab-token", "GITLAB_TOKEN", "glpat-", r"[A-Za-z0-9_-]{20,64}+(?:\.[0-9a-z]{2}\.[0-9a-z]{9})?"),
    token(
        "slack-token", "SLACK_TOKEN", "xox[abeoprs]-", "[A-Za-z0-9-]{20,250}+", "xox", check=judging.is_opaque
    ),
    token("slack-token", "SLACK_TOKEN", "xapp-", r"\d-[A-Za-z0-9-]{20,250}+"),
    around(
        "slack-webhook",
        "SLACK_WEBHOOK_SECRET",
        rf"hooks\.slack(?:-gov)?\.com{_SLASH}(?:services|workflows|triggers){_SLASH}((?:[A-Za-z0-9/_\\-]|%2[Ff]){{20,120}}+)",
        "hooks.slack",
        check=opaque,
    ),
    around(
        "discord-webhook",
        "DISCORD_WEBHOOK_SECRET",
        rf"discord(?:app)?\.com{_SLASH}api{_SLASH}(?:v\d{{1,2}}{_SLASH})?webhooks{_SLASH}"
        rf"(\d{{17,20}}{_SLASH}[A-Za-z0-9_-]{{60,80}}+)",
        *("discord.com", "discordapp.com"),
        check=lambda text: not_invented(text[-60:]),  # the number before it may well be
    ),
    around(
        "telegram-bot-token",
        "TELEGRAM_BOT_TOKEN",
        r"(?<![A-Za-z0-9])(?:bot)?(\d{8,10}(?::|%3[Aa])AA[A-Za-z0-9_-]{32,34})(?![A-Za-z0-9_-])",
        *(":AA", "%3AAA", "%3aAA"),
        check=lambda text: not_invented(text[-34:]),
    ),
    token(
        "digitalocean-token",
        "DIGITALOCEAN_TOKEN",
        "do[opr]_v1_",
        rf"{_HEX}{{60,64}}+",
        *("dop_v1_", "doo_v1_", "dor_v1_"),
        glued=True,
    ),
    token("stripe-key", "STRIPE_API_KEY", "[sr]k_live_", f"{_ALNUM}{{16,250}}+", "k_live_"),
    token("twilio-api-key", "TWILIO_API_KEY", "SK", rf"{_HEX}{{32}}", *_each("SK"), end=_NO_BASE64),
    token("twilio-account-id", "TWILIO_ACCOUNT_ID", "AC", rf"{_HEX}{{32}}", *_each("AC"), end=_NO_BASE64),
    token("sendgrid-api-key", "SENDGRID_API_KEY", r"SG\.", r"[A-Za-z0-9_-]{20,24}+\.[A-Za-z0-9_-]{39,50}+"),
    token("npm-token", "NPM_TOKEN", "npm_", f"{_ALNUM}{{36}}"),
    token("pypi-token", "PYPI_TOKEN", "pypi-AgE", "[A-Za-z0-9_-]{50,400}+"),
)

_BASE64URL: Final = "[A-Za-z0-9_-]"
_UNRESERVED: Final = r"(?:[A-Za-z0-9._~!$*+-]|%(?!40|2[Ff]|3[Aa])[0-9A-Fa-f]{2})"

_GENERAL: Final = (
    token(
        "jwt",
        "JWT_TOKEN",
        "eyJ",
        rf"{_BASE64URL}{{10,4000}}+\.{_BASE64URL}{{4,16000}}+\.{_BASE64URL}{{10,4000}}+",
        check=judging.is_jwt,
    ),
    around(
        "private-key",
        "PRIVATE_KEY",
        rf"-----BEGIN{_SPACE}(?:[A-Z0-9]{{1,20}}+{_SPACE}){{0,4}}?PRIVATE{_SPACE}KEY(?:{_SPACE}BLOCK)?-----"
        r"(?:[^-]|-(?!----)){40,20000}+(?:-----END[A-Z0-9 %+]{0,80}+-----)?",
        *("PRIVATE KEY", "PRIVATE%20KEY", "PRIVATE+KEY"),
        check=judging.is_pem,
    ),
    around(
        "bearer-token",
        "BEARER_TOKEN",
        r"(?<![A-Za-z0-9_])[Bb](?:earer|EARER)(?:\s|%20|\+){1,3}+([A-Za-z0-9._~+/-]{16,8000}+={0,2}+)",
        "Bearer",
        "bearer",
        "BEARER",
        check=opaque,
    ),
    around(
        "basic-credentials",
        "BASIC_CREDENTIALS",
        r"(?<![A-Za-z0-9_])[Bb](?:asic|ASIC)(?:\s|%20|\+){1,3}+([A-Za-z0-9+/]{8,2000}+={0,2}+)",
        *("Basic ", "basic ", "BASIC ", "asic%20", "ASIC%20", "asic+"),
        check=judging.is_basic,
    ),
    around(
        "url-credentials",
        "URL_CREDENTIALS",
        # No anchor: every prompt with a link has "://", and the pattern itself is as fast.
        r":(?<=[A-Za-z]{2}:)(?:/|\\/){2}([^\s/?#@\"'<>`:\\]{0,256}+:[^\s/?#@\"'<>`\\]{3,256}+)@(?=[A-Za-z0-9\[])",
        check=judging.is_userinfo,
    ),
    around(
        "url-credentials",
        "URL_CREDENTIALS",
        rf"(?<=[A-Za-z]{{2}})%3[Aa]%2[Ff]%2[Ff]({_UNRESERVED}{{0,256}}+%3[Aa]{_UNRESERVED}{{3,256}}+)%40",
        *("%3A%2F%2F", "%3a%2f%2f"),
        check=lambda text: judging.is_userinfo(unquote(text)),
    ),
    around(
        "masked-key",
        "MASKED_API_KEY",
        r"(?<![A-Za-z0-9_*-])((?:[spr]k[-_]|[gc]sk[-_]|xai-|hf_|pplx-|r8_|AIza|AKIA)[A-Za-z0-9_-]{0,24}?"
        r"(?:\*{3,200}+|\.{3}(?!\.)|…|\\{1,8}u2026|•{3,200}+)[A-Za-z0-9_-]{0,12}+)",
        *("sk-", "sk_", "pk-", "pk_", "rk-", "rk_", "xai-", "hf_", "pplx-", "r8_", "AIza", "AKIA"),
        check=judging.is_masked,
    ),
    around(
        "masked-key",
        "MASKED_API_KEY",
        r"(?<![A-Za-z0-9_*-])([A-Za-z0-9_-]{1,24}+\*{6,200}+[A-Za-z0-9_-]{2,12}+)(?![*A-Za-z0-9_-])",
        "******",
        check=judging.is_masked,
    ),
    around(
        "echoed-key",
        "ECHOED_API_KEY",
        r"(?:API|api|Api)[ _-]key provided: ['\"`]?([A-Za-z0-9_-]{8,200}+)(?=[.,;'\"`\s\\]|$)",
        "key provided: ",
        check=lambda text: not judging.is_redacted(text) and any(map(str.isdigit, text)),
    ),
)

SHAPES: Final[tuple[Rule, ...]] = (*_LLM_PROVIDERS, *_CLOUDS, *_SERVICES, *_GENERAL)
"""Every known shape; where two match the same text, the earlier one names it."""

IN_BYTES: Final = tuple(rule for rule in SHAPES if rule.name != "masked-key")
"""Those that bytes which are no text do not have by chance: media may well have a run of asterisks."""
