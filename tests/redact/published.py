"""The fixed forms of two public lists of rules, by the names there, in the notation of ``example``.

Written down from the lists themselves (see ``claude_lens.redact.kinds.SOURCES``), not from our table: this
says what the table should know. Rules
without a form of their own (a bare number of characters near the name of a
service) are not here; names of such values are for ``tests/redact/test_names.py``.
"""

from __future__ import annotations

from typing import Final

GITLEAKS: Final = """
1password-secret-key A3-{u6}-{u11}-{u5}-{u5}-{u5}
1password-secret-key A3-{u6}-{u6}-{u5}-{u5}-{u5}-{u5}
1password-service-account-token ops_eyJ{n280}
adobe-client-secret p8e-{l32}
age-secret-key AGE-SECRET-KEY-1{u58}
airtable-personal pat{n14}.{h64}
alibaba-access-key-id LTAI{l20}
anthropic-admin-api-key sk-ant-admin01-{w93}AA
anthropic-api-key sk-ant-api03-{w93}AA
artifactory-api-key AKCp{n69}
artifactory-reference-token cmVmd{n59}
atlassian-api-token ATATT3{n186}
authress-service-client-access-key sc_{l12}.{l5}.acc_{l16}.{b60}
aws-access-token AKIA{u16}
aws-access-token ASIA{u16}
aws-access-token A3T{u1}{u16}
azure-ad-client-secret {n3}8Q~{n34}
clickhouse-cloud-api-secret-key 4b1d{n38}
clojars-api-token CLOJARS_{l60}
cloudflare-origin-ca-key v1.0-{h24}-{h146}
databricks-api-token dapi{h32}
defined-networking-api-token dnkey-{l26}-{l52}
digitalocean-access-token doo_v1_{h64}
digitalocean-pat dop_v1_{h64}
digitalocean-refresh-token dor_v1_{h64}
doppler-api-token dp.pt.{l43}
duffel-api-token duffel_test_{l43}
dynatrace-api-token dt0c01.{l24}.{l64}
easypost-api-token EZAK{l54}
easypost-test-api-token EZTK{l54}
facebook-page-access-token EAAC{n110}
flutterwave-encryption-key FLWSECK_TEST-{h12}
flutterwave-public-key FLWPUBK_TEST-{h32}-X
flutterwave-secret-key FLWSECK_TEST-{h32}-X
flyio-access-token fo1_{w43}
flyio-access-token fm2_{b120}
frameio-api-token fio-u-{l64}
gcp-api-key AIza{w35}
github-app-token ghs_{n36}
github-fine-grained-pat github_pat_{n22}_{n59}
github-oauth gho_{n36}
github-pat ghp_{n36}
github-refresh-token ghr_{n36}
gitlab-cicd-job-token glcbt-64_{w20}
gitlab-deploy-token gldt-{w20}
gitlab-feature-flag-client-token glffct-{w20}
gitlab-feed-token glft-{w20}
gitlab-incoming-mail-token glimt-{w25}
gitlab-kubernetes-agent-token glagent-{w50}
gitlab-oauth-app-secret gloas-{w64}
gitlab-pat glpat-{w20}
gitlab-pat-routable glpat-{w27}.01.{l9}
gitlab-ptt glptt-{h40}
gitlab-rrt GR1348941{w20}
gitlab-runner-authentication-token glrt-{w20}
gitlab-runner-authentication-token-routable glrt-t1_{w27}.01.{l9}
gitlab-scim-token glsoat-{w20}
gitlab-session-cookie _gitlab_session={l32}
grafana-api-key eyJrIjoi{n90}
grafana-cloud-api-token glc_{b60}
grafana-service-account-token glsa_{n32}_{h8}
harness-api-key pat.{w22}.{n24}.{n20}
hashicorp-tf-api-token {n14}.atlasv1.{w64}
heroku-api-key-v2 HRKU-AA{w58}
huggingface-access-token hf_{n34}
huggingface-organization-api-token api_org_{n34}
infracost-api-token ico-{n32}
intra42-client-secret s-s4t2ud-{h64}
jwt eyJ{n20}.eyJ{n40}.{w43}
linear-api-key lin_api_{l40}
lob-api-key LOB=live_{h35}
gocardless-api-token GOCARDLESS=live_{l40}
mailchimp-api-key {h32}-us12
mailgun-private-api-token key-{h32}
mailgun-pub-key pubkey-{h32}
mapbox-api-token pk.eyJ{l58}.{l22}
maxmind-license-key {n6}_{n29}_mmk
microsoft-teams-webhook https://x.webhook.office.com/webhookb2/{id}@{id}/IncomingWebhook/{h32}/{id}
new-relic-browser-api-token NRJS-{h19}
new-relic-insert-key NRII-{l32}
new-relic-user-api-key NRAK-{u27}
notion-api-token ntn_{d11}{n35}
npm-access-token npm_{l36}
octopus-deploy-api-key API-{u26}
okta-access-token 00{n40}
openai-api-key sk-proj-{w74}T3Blbk{}FJ{w74}
openshift-user-token sha256~{w43}
perplexity-api-key pplx-{n48}
plaid-api-token access-sandbox-{id}
planetscale-api-token pscale_tkn_{w43}
planetscale-oauth-token pscale_oauth_{w43}
planetscale-password pscale_pw_{w43}
postman-api-token PMAK-{h24}-{h34}
prefect-api-token pnu_{n36}
pulumi-api-token pul-{h40}
pypi-upload-token pypi-AgEIcHlwaS5vcmc{w60}
readme-api-token rdme_{l70}
rubygems-api-token rubygems_{h48}
scalingo-api-token tk-us-{w48}
sendgrid-api-token SG.{w22}.{w43}
sendinblue-api-token xkeysib-{h64}-{l16}
sentry-org-token sntrys_eyJpYXQiO{n60}LCJyZWdpb25fdXJs{n40}_{b43}
sentry-user-token sntryu_{h64}
settlemint-application-access-token sm_aat_{n16}
settlemint-personal-access-token sm_pat_{n16}
settlemint-service-access-token sm_sat_{n16}
shippo-api-token shippo_live_{h40}
shopify-access-token shpat_{h32}
shopify-custom-access-token shpca_{h32}
shopify-private-app-access-token shppa_{h32}
shopify-shared-secret shpss_{h32}
sidekiq-sensitive-url https://{h8}:{h8}@gems.contribsys.com/
slack-app-token xapp-1-{u11}-{d13}-{h64}
slack-bot-token xoxb-{d12}-{d12}-{n24}
slack-config-access-token xoxe.xoxp-1-{u164}
slack-config-refresh-token xoxe-1-{u146}
slack-legacy-token xoxs-{d12}-{d12}-{d12}-{h32}
slack-legacy-workspace-token xoxa-2-{n40}
slack-user-token xoxp-{d12}-{d12}-{d12}-{h32}
slack-webhook-url https://hooks.slack.com/services/T{u9}/B{u9}/{n24}
sonar-api-token sqp_{h40}
sourcegraph-access-token sgp_{h40}
sourcegraph-access-token sgp_{h16}_{h40}
square-access-token EAAA{w60}
square-access-token sq0atp-{w22}
stripe-access-token sk_live_{n24}
stripe-access-token rk_prod_{n24}
telegram-bot-api-token TELEGRAM={d10}:AA{w33}
twilio-api-key SK{h32}
twitter-bearer-token TWITTER=AAAAAAAAAAAAAAAAAAAAAA{n88}
typeform-api-token tfp_{l59}
vault-batch-token hvb.{w140}
vault-service-token hvs.{w95}
vault-service-token s.{n24}
yandex-access-token t1.{w30}.{w86}
yandex-api-key AQVN{w36}
yandex-aws-access-token YCAJ{w36}
"""

TRUFFLEHOG: Final = """
adafruitio aio_{n28}
apideck sk_live_{n60}-{n32}
apify apify_api_{n36}
asanapersonalaccesstoken 1/{d16}:{h32}
atlassian ATCTT3xFfG{n120}={u8}
azurecontainerregistry {b42}+ACR{n6}
azuresastoken https://a.blob.core.windows.net/c?sv=2023&sig={n43}%3D
azurestorage AccountKey={b86}==
bitbucketapppassword ATBB{n32}
braintreepayments access_token$production${l16}${h32}
buildkitev2 bkua_{l40}
circleci CCIPAT_{n22}_{h40}
clickuppersonaltoken pk_{d8}_{u32}
closecrm api_{n22}.{n22}
contentfulpersonalaccesstoken CFPAT-{w43}
denodeploy ddp_{n36}
dfuse web_{h32}
discordbot MTky{n20}.{n6}.{w38}
discordwebhook https://discord.com/api/webhooks/{d18}/{w68}
dockerhub dckr_pat_{w27}
dockerhub dckr_oat_{w32}
doppler dp.st.dev.{n43}
elevenlabs sk_{h48}
endorlabs endr+{n16}
figmapersonalaccesstoken figd_{w40}
finage API_KEY{u32}
fleetbase flb_live_{n20}
flexport shltm_{w40}
flutterwave FLWSECK-{l32}-X
flyio FlyV1 fm2_{b600}
googleoauth2 ya29.{w120}
groq gsk_{n52}
hubspot_apikey pat-na1-{id}
intercom dG9r{b56}=
langfuse sk-lf-{id}
langsmith lsv2_pt_{h32}_{h10}
launchdarkly sdk-{id}
locationiq pk.{h32}
mandrill md-{w22}
mapbox sk.eyJ{n80}.{n22}
netlify nfp_{n36}
newreliclicense {h36}NRAL
nightfall NF-{n32}
notion secret_{n43}
npmtokenv2 npm_{n36}
nugetapikey oy2{l43}
nvapi nvapi-{w64}
openrouter sk-or-v1-{h64}
pagarme ak_live_{n30}
paystack sk_live_{n40}
planetscaledb pscale_pw_{n43}
posthog phx_{n43}
razorpay rzp_live_{n14}
replicate r8_{n37}
robinhoodcrypto rh-api-{id}
rootly rootly_{h64}
salesforce 00D{n12}!{n96}
salesforceoauth2 3MVG9{n90}
sentryorgtoken sntrys_eyJ{n190}
slack xoxd-{n90}
sourcegraphcody slk_{h64}
square sq0csp-{w43}
stripepaymentintent pi_{n24}_secret_{n25}
supabasetoken sbp_{h40}
tableau {b22}==:{n32}
tailscale tskey-auth-{n12}-{n32}
tines https://x.tines.com/webhook/{h32}/{h32}
trufflehogenterprise thog-secret-{h32}
ubidots BBFF-{n30}
uri https://me:{n12}@example.org/x
voiceflow VF.DM.{h24}.{n16}
xai xai-{n80}
zapierwebhook https://hooks.zapier.com/hooks/catch/{d7}/{l7}
zohocrm 1000.{h32}.{h32}
"""


def rules(text: str) -> list[tuple[str, str]]:
    """Name and form of each rule."""
    return [(name, form) for name, form in (line.split(" ", 1) for line in text.strip().splitlines())]
