"""The table of kinds: secrets that show what they are by their form.

A row is: kind, what the secret begins with (or, with ``back`` or ``lead``, holds), the form of the rest, the
source of the form, and flags. ``SOURCES`` says what the sources are and when they were read. A row before
another takes what both fit. In forms ``<n>`` stands for a letter or digit, ``<w>`` also for ``_`` and ``-``,
``<b>`` for a character of base64, ``<h>`` for hexadecimal in small letters, ``<x>`` in any, ``<l>`` for a
small letter or digit, ``<u>`` for a capital or digit, ``<uuid>`` for a UUID; a group ``s`` is the secret
where the form says more than that. ``␣`` in what a secret begins with is a space. A row goes on in lines
that are indented.

Flags: ``back=N``: the form begins N characters before what it holds; ``lead=N``: up to N digits before it;
``alone``: not even ``_`` or ``-`` may stand before it; ``random``: it must look like chance; ``after``:
looked for only behind what ends a word, as what it begins with is too common; ``anywhere``: also in a word.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from string import ascii_letters
from typing import Final

SOURCES: Final = {
    "gitleaks": ("github.com/gitleaks/gitleaks/blob/009e025/config/gitleaks.toml", "2026-11-28"),
    "trufflehog": ("github.com/trufflesecurity/trufflehog/tree/main/pkg/detectors", "2026-11-28"),
    "vendor": ("the documentation of the one who issues it", "2026-11-28"),
}
"""Where the forms were read, and when they were last compared: by the first word of a row's source."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One row. ``begins``: texts of which the secret has one at ``back`` characters from its begin."""

    name: str
    begins: tuple[str, ...]
    rest: str
    source: str
    flags: frozenset[str]


_AI: Final = r"""
anthropic-key  sk-ant-  <w>{20,400}  gitleaks anthropic-api-key
openrouter-key  sk-or-v1-  <h>{48,128}  trufflehog openrouter
openai-key  sk-proj- sk-svcacct- sk-admin- sk-service-  <w>{20,400}  gitleaks openai-api-key
openai-key  T3BlbkFJ  sk-<n>{20}T3BlbkFJ<n>{20}  gitleaks openai-api-key  back=23
litellm-key  sk-lens-  <w>{16,200}  vendor claude-lens
langfuse-key  sk-lf-  <uuid>  trufflehog langfuse
api-key  sk-  (?=<n>*[0-9])(?=<n>*[A-Za-z])<n>{32,200}  gitleaks openai-api-key  alone
litellm-key  sk-  <w>{22}(?![\w-])  vendor litellm virtual keys  alone random
api-key  sk-  [a-z0-9]{2,12}-<w>{20,200}  trufflehog deepseek, moonshot and others  alone random
groq-key  gsk_  <n>{40,60}  trufflehog groq
xai-key  xai-  \w{60,100}  trufflehog xai
perplexity-key  pplx-  <n>{40,60}  gitleaks perplexity-api-key
replicate-token  r8_  (?:<n>{30,45}|<w>{37}(?![\w-]))  trufflehog replicate  random
huggingface-token  hf_ api_org_  <n>{34}  gitleaks huggingface-access-token
nvidia-key  nvapi-  <w>{60,80}  trufflehog nvapi
fireworks-key  fw_ fpk_  <n>{20,48}  vendor fireworks.ai  alone random
together-key  tgp_v1_  <w>{40,60}  vendor together.ai
cerebras-key  csk-  <n>{40,60}  vendor cerebras.ai
tavily-key  tvly-  (?:dev-|prod-)?<n>{20,50}  vendor tavily.com
jina-key  jina_  <w>{40,80}  vendor jina.ai
pinecone-key  pcsk_  \w{40,90}  vendor pinecone.io
voyage-key  pa- al-  <w>{40,50}  vendor voyageai.com  alone random
firecrawl-key  fc-  <h>{32}  vendor firecrawl.dev  alone
elevenlabs-key  sk_  <h>{48}  trufflehog elevenlabs  alone
runpod-key  rpa_  <n>{40,60}  vendor runpod.io
wandb-key  wandb_v1_  <w>{40,120}  vendor wandb.ai
anyscale-key  esecret_  <n>{20,60}  vendor anyscale.com
modal-token  ak- as-  <n>{22}  vendor modal.com  alone random
cursor-key  key_  <h>{64}  vendor cursor.com  alone
langsmith-key  lsv2_pt_ lsv2_sk_  <h>{32}_<h>{10}  trufflehog langsmith
bedrock-key  ABSK  <b>{100,300}={0,2}  trufflehog aws bedrock
bedrock-key  bedrock-api-key-  [A-Za-z0-9+/=_-]{40,4000}  trufflehog aws bedrock
sourcegraph-token  sgp_ sgph_  (?:<x>{16}_|local_)?<x>{40}  gitleaks sourcegraph-access-token
sourcegraph-token  slk_ sgd_ sgs_  <h>{64}  trufflehog sourcegraphcody
baidu-key  bce-v3/ALTAK-  <n>{16,40}/<h>{40}  vendor baidu cloud
"""

_CLOUD: Final = r"""
aws-access-key  AKIA ASIA ABIA ACCA  <u>{16}  gitleaks aws-access-token
aws-access-key  A3T  <u><u>{16}  gitleaks aws-access-token  alone
aws-secret-key  ecret_access_key ecretAccessKey ECRET_ACCESS_KEY
    [\"']?\s{0,3}[:=]\s{0,3}[\"']?(?P<s><b>{40})(?![A-Za-z0-9/+=])  trufflehog aws  anywhere
aws-session-token  IQoJb3JpZ2lu FwoGZXIvYXdz FQoGZXIvYXdz FwoDYXdz AQoDYXdz  [A-Za-z0-9+/%]{60,4096}={0,2}
    trufflehog awssessionkey
aws-mws-key  amzn.mws.  <uuid>  trufflehog aws mws
aws-appsync-key  da2-  <l>{26}  trufflehog aws appsync
azure-client-secret  Q~  [\w~.]{3}\dQ~[\w~.-]{31,34}  gitleaks azure-ad-client-secret  back=4
azure-storage-key  AccountKey=  (?P<s><b>{86}==)  trufflehog azurestorage  anywhere
azure-sas  sig=  (?P<s>(?:<b>|%2[BbFf]){43}(?:=|%3[Dd]))  trufflehog azuresastoken
azure-shared-key  SharedAccessKey= SharedSecretValue=  (?P<s><b>{43}=)  trufflehog azure  anywhere
azure-key  ACDb +ASt +ABa +AMC APIM  <b>{76}(?:ACDb|\+ASt|\+ABa|\+AMC|APIM)<b>{5}[AQgw]==
    vendor azure identifiable keys  back=76
azure-key  AIoT +ASb +AEh +ARm  <b>{33}(?:AIoT|\+ASb|\+AEh|\+ARm)<b>{6}=  vendor azure identifiable keys
    back=33
azure-key  +ACR AzSe  <b>{42}(?:\+ACR|AzSe)<n>{6}  trufflehog azurecontainerregistry  back=42
azure-key  AzFu  <w>{44}AzFu<w>{5}[AQgw]==  trufflehog azurefunctionkey  back=44
azure-openai-key  JQQJ99  <n>{52}JQQJ99<n>{26}  vendor azure ai services  back=52
azure-devops-token  AZDO  <n>{76}AZDO<n>{4}  vendor azure devops  back=76
azure-refresh-token  0.A 1.A  <w>{50,200}(?:\.\d)?\.Ag<w>{100,4096}(?:\.A<w>{200,4096})?
    trufflehog azure_entra  alone
google-key  AIza  <w>{35}  gitleaks gcp-api-key
google-key  AQ.Ab  <w>{40,80}  vendor google ai studio
google-oauth  ya29.  (?:[a-z]\.)?<w>{24,2048}  trufflehog googleoauth2
google-oauth  GOCSPX-  <w>{24,60}  trufflehog googleoauth
google-refresh-token  1//0  <w>{25,200}  vendor google oauth  alone
firebase-key  :APA91b  AAAA<w>{7}:APA91b<w>{100,180}  trufflehog firebasecloudmessaging  back=11
alibaba-key  LTAI  <n>{12,30}  gitleaks alibaba-access-key-id  random
tencent-key  AKID  <n>{13,40}  vendor tencent cloud  random
yandex-key  AQVN  <w>{35,38}  gitleaks yandex-api-key
yandex-key  t1.  [\w-]{6,400}={0,2}\.<w>{86}={0,2}  gitleaks yandex-access-token  alone
yandex-key  YCA YCM YCN YCO YCP  <w>{35,37}  gitleaks yandex-aws-access-token  alone random
yandex-key  y0_  <w>{50,70}  trufflehog yandex  random
ibm-key  ApiKey-  <uuid>  trufflehog ibmclouduserkey
terraform-token  .atlasv1.  <n>{14}\.atlasv1\.[\w=-]{60,70}  gitleaks hashicorp-tf-api-token  back=14
vault-token  hvs. hvb. hvr.  <w>{20,400}  gitleaks vault-service-token
vault-token  s.  <n>{24}  gitleaks vault-service-token  after random
pulumi-token  pul-  <h>{40}  gitleaks pulumi-api-token
doppler-token  dp.pt. dp.ct. dp.st. dp.sa. dp.scim. dp.audit.  (?:<w>{2,35}\.)?<n>{40,44}
    gitleaks doppler-api-token
infisical-token  st.  <h>{24}\.<h>{32}\.<h>{32}  trufflehog infisical  alone
1password-token  ops_  eyJ<w>{100,2000}={0,3}  gitleaks 1password-service-account-token
1password-key  A3-  <u>{6}-(?:<u>{11}|<u>{6}-<u>{5})(?:-<u>{5}){3}  gitleaks 1password-secret-key
age-key  AGE-SECRET-KEY-  [0-9A-Z]{50,90}|PQ-1[0-9A-Z]{50,90}  gitleaks age-secret-key
digitalocean-token  dop_v1_ doo_v1_ dor_v1_  <h>{64}  gitleaks digitalocean-pat
heroku-key  HRKU-  <w>{36,80}  gitleaks heroku-api-key-v2
fly-token  FlyV1  \ fm\d[ar]?_[A-Za-z0-9+/=,_-]{40,4000}  trufflehog flyio
fly-token  fo1_ fm1r_ fm1a_ fm2_  [A-Za-z0-9+/=,_-]{40,4000}  gitleaks flyio-access-token
netlify-token  nfp_ nfc_ nfo_ nfu_ nfb_  <n>{36,50}  trufflehog netlify
vercel-token  vcp_ vci_ vca_ vcr_ vck_  <n>{24,100}  vendor vercel.com
supabase-token  sbp_  (?:oauth_|v0_)?<h>{40}  trufflehog supabasetoken
supabase-token  sb_secret_  <w>{20,60}  vendor supabase.com
neon-key  napi_  <n>{40,80}  vendor neon.tech
planetscale-token  pscale_tkn_ pscale_oauth_ pscale_pw_  [\w=.-]{32,64}  gitleaks planetscale-password
render-key  rnd_  <n>{24,48}  vendor render.com
mongodb-key  mdb_sa_sk_  <w>{30,60}  vendor mongodb atlas
databricks-token  dapi dkea dose dsapi  <h>{32}(?:-\d)?  gitleaks databricks-api-token  alone
confluent-key  cflt  <b>{60}  vendor confluent.io
clickhouse-key  4b1d  <n>{38}  gitleaks clickhouse-cloud-api-secret-key  alone
cloudflare-key  v1.0-  <h>{24}-<h>{120,160}  gitleaks cloudflare-origin-ca-key
cloudflare-key  cfut_ cfat_ cfk_  <n>{40,60}  vendor cloudflare.com
cloudflare-key  eyJhIjoi  <b>{100,400}={0,2}  vendor cloudflare tunnels
akamai-key  akab-  <l>{16}-<l>{16}  vendor akamai.com
tailscale-key  tskey-  [a-z]+-<n>{8,64}(?:-<n>{16,64})?  trufflehog tailscale
upcloud-token  ucat_  <n>{26}  vendor upcloud.com
"""

_CODE: Final = r"""
github-token  ghp_ gho_ ghu_ ghs_ ghr_  <n>{36,251}  gitleaks github-pat
github-token  github_pat_  \w{82}  gitleaks github-fine-grained-pat
gitlab-token  glpat- gldt- glrt- glrtr- glsoat- glptt- glcbt- glft- glimt- glagent- gloas- glffct- glwt-
    <w>{20,300}(?:\.[0-9a-z]{2}\.?[0-9a-z]{7,9})?  gitleaks gitlab-pat
gitlab-token  GR1348941  <w>{20}  gitleaks gitlab-rrt
gitlab-token  _gitlab_session=  (?P<s><l>{32})  gitleaks gitlab-session-cookie  anywhere
atlassian-token  ATATT3 ATCTT3 ATSTT3  [\w=-]{60,400}  gitleaks atlassian-api-token
bitbucket-token  ATBB  <n>{28,40}  trufflehog bitbucketapppassword  random
bitbucket-token  bb_pr_ bb_ma_  <h>{30}  trufflehog bitbucketapppassword
circleci-token  CCIPAT_ CCIPRJ_  <n>{20,24}_<x>{40}  trufflehog circleci
buildkite-token  bkua_ bkat_ bkaj_ bkpt_ bkct_  <n>{36,60}  trufflehog buildkitev2
sonar-token  squ_ sqp_ sqa_  <h>{40}  gitleaks sonar-api-token
sentry-token  sntrys_  [A-Za-z0-9+/=_]{40,1200}  gitleaks sentry-org-token
sentry-token  sntryu_ sntrya_  <h>{64}  gitleaks sentry-user-token
launchdarkly-key  sdk- api- mob-  <uuid>  trufflehog launchdarkly  alone
octopus-key  API-  <u>{26,36}  gitleaks octopus-deploy-api-key  alone random
prefect-key  pnu_ pnb_  <n>{36}  gitleaks prefect-api-token
dbt-token  dbtc_ dbtu_ dbts_  <w>{36,60}  vendor getdbt.com
harness-key  pat. sat.  <w>{22}\.<n>{24}\.<n>{20}  gitleaks harness-api-key
infracost-key  ico-  <n>{32}  gitleaks infracost-api-token  alone random
scalingo-token  tk-us-  <w>{48}  gitleaks scalingo-api-token
rubygems-key  rubygems_  <h>{48}  gitleaks rubygems-api-token
nuget-key  oy2  <l>{43}  trufflehog nugetapikey  alone
npm-token  npm_  <n>{36}  gitleaks npm-access-token
pypi-token  pypi-AgE  <w>{50,1000}  gitleaks pypi-upload-token
cargo-token  cio  <n>{32}  vendor crates.io  alone random
clojars-token  CLOJARS_  <l>{60}  gitleaks clojars-api-token
jfrog-key  AKCp  <n>{69}  gitleaks artifactory-api-key
jfrog-key  cmVmd  <n>{59}  gitleaks artifactory-reference-token
docker-token  dckr_pat_ dckr_oat_  <w>{20,60}  trufflehog dockerhub
packagist-token  packagist_  [a-z]{3}_<h>{60,80}  trufflehog packagecloud
deno-token  ddp_ ddw_  <n>{36}  trufflehog denodeploy
openvsx-token  ovsxat_  <uuid>  vendor open-vsx.org
jetbrains-token  perm: perm-  [\w=+/-]{5,80}\.[\w=+/-]{2,80}\.[\w=+/-]{30,80}  trufflehog jetbrains
adobe-secret  p8e-  <n>{32}  gitleaks adobe-client-secret  alone
endorlabs-key  endr+  [A-Za-z0-9-]{16}  trufflehog endorlabs
trufflehog-key  thog-secret-  <h>{32}  trufflehog trufflehogenterprise
"""

_TALK: Final = r"""
slack-token  xoxb- xoxp- xoxa- xoxr- xoxs- xoxe- xoxo-  [A-Za-z0-9-]{20,255}  gitleaks slack-bot-token
slack-token  xoxd-  [\w%+/=-]{40,400}  trufflehog slack
slack-token  xapp-  \d-[A-Z0-9]{8,}-\d{8,}-[a-f0-9]{32,128}  gitleaks slack-app-token
slack-webhook  hooks.slack.com/ hooks.slack-gov.com/  (?:services|workflows|triggers)/[A-Za-z0-9+/]{30,80}
    gitleaks slack-webhook-url
discord-webhook  discord.com/api/webhooks/ discordapp.com/api/webhooks/  \d{15,20}/<w>{60,80}
    trufflehog discordwebhook
telegram-token  :AA  \d{6,12}:AA<w>{32,34}  gitleaks telegram-bot-api-token  lead=12
teams-webhook  .webhook.office.com/webhookb2/  (?P<s><uuid>@<uuid>/\w{1,40}/<x>{32}/<uuid>[\w/-]{0,80})
    gitleaks microsoft-teams-webhook  anywhere
zapier-webhook  hooks.zapier.com/hooks/catch/  (?P<s>\d{4,12}/\w{5,32})  trufflehog zapierwebhook  anywhere
make-webhook  .make.com/  (?P<s><l>{32})  vendor make.com  anywhere
ifttt-webhook  maker.ifttt.com/trigger/  \w{1,60}(?:/json)?/with/key/(?P<s><w>{20,60})  trufflehog ifttt
    anywhere
tines-webhook  .tines.com/webhook/  (?P<s><l>{32}/<l>{32})  trufflehog tineswebhook  anywhere
twilio-key  SK  <x>{32}  gitleaks twilio-api-key  after
sendgrid-key  SG.  <w>{20,24}\.<w>{39,50}  gitleaks sendgrid-api-token
mailgun-key  key- pubkey-  <h>{32}  gitleaks mailgun-private-api-token  alone
mailchimp-key  -us1 -us2 -us3 -us4 -us5 -us6 -us7 -us8 -us9  <h>{32}-us\d{1,2}  gitleaks mailchimp-api-key
    back=32
mandrill-key  md-  <w>{22}  trufflehog mandrill  alone random
brevo-key  xkeysib- xsmtpsib-  <w>{64,100}  gitleaks sendinblue-api-token
resend-key  re_  <n>{8}_<n>{20,30}  trufflehog resend  alone
onesignal-key  os_v2_app_ os_v2_org_  <l>{80,130}  vendor onesignal.com
intercom-token  dG9r  <b>{40,90}={0,2}  trufflehog intercom  alone random
pagerduty-key  u+  <w>{18}  trufflehog pagerdutyapikey  after random
voiceflow-key  VF.  (?:(?:DM|WS)\.)?<x>{24}\.<n>{16}  trufflehog voiceflow
facebook-token  EAA  [A-Za-z0-9]{80,400}  gitleaks facebook-page-access-token  alone random
instagram-token  IGQ IGA  <w>{80,250}  trufflehog instagram  alone random
twitter-bearer  AAAAAAAAAAAAAAAAAAAA  A{0,6}[A-Za-z0-9%]{50,140}  gitleaks twitter-bearer-token  after random
twitch-token  oauth:  (?P<s><l>{30})  trufflehog twitch
vk-token  vk1.a.  <w>{80,300}  vendor vk.com
pinterest-token  pina_  <w>{40,200}  vendor pinterest.com
"""

_MONEY: Final = r"""
stripe-key  sk_live_ sk_test_ rk_live_ rk_test_ sk_prod_ rk_prod_  [A-Za-z0-9-]{16,250}
    gitleaks stripe-access-token
stripe-key  sk_org_live_ sk_org_test_  <n>{20,250}  vendor stripe.com
stripe-webhook  whsec_  [A-Za-z0-9+/]{24,64}={0,2}  vendor stripe.com
stripe-client-secret  pi_ seti_  <n>{20,30}_secret_<n>{20,30}  trufflehog stripepaymentintent
square-token  sq0atp- sq0csp- sq0idp-  <w>{22,60}  gitleaks square-access-token
square-token  EAAA  <w>{40,64}  gitleaks square-access-token  alone random
paypal-token  access_token$production$ access_token$sandbox$  <l>{16}\$<h>{32}  trufflehog braintreepayments
plaid-token  access-production- access-sandbox- access-development-  <uuid>  gitleaks plaid-api-token
flutterwave-key  FLWSECK- FLWSECK_TEST- FLWPUBK- FLWPUBK_TEST-  <l>{12,40}(?:-X)?
    gitleaks flutterwave-secret-key
razorpay-key  rzp_live_ rzp_test_  <n>{14,20}  trufflehog razorpay
payment-key  live_ test_  (?:pub_)?<w>{30,43}  gitleaks gocardless-api-token, lob-api-key  alone random
pagarme-key  ak_live_ ak_test_  <n>{30}  trufflehog pagarme
paystack-key  sk_  [a-z]{4}_<n>{40}  trufflehog paystack  alone
paddle-key  pdl_live_apikey_ pdl_sdbx_apikey_  \w{40,90}  vendor paddle.com
shippo-token  shippo_live_ shippo_test_  <x>{40}  gitleaks shippo-api-token
easypost-key  EZAK EZTK  <n>{54}  gitleaks easypost-api-token
duffel-token  duffel_live_ duffel_test_  [\w=-]{43}  gitleaks duffel-api-token
robinhood-key  rh-api-  <uuid>  trufflehog robinhoodcrypto
shopify-token  shpat_ shpca_ shppa_ shpss_ shptka_  <x>{32}  gitleaks shopify-access-token
shopify-token  prtapi_  <h>{32}  vendor shopify.com
flexport-key  shltm_  <w>{40}  trufflehog flexport
fleetbase-key  flb_live_  <n>{20}  trufflehog fleetbase
"""

_WORK: Final = r"""
linear-key  lin_api_ lin_oauth_ lin_wh_  <n>{32,64}  gitleaks linear-api-key
notion-token  ntn_  <n>{40,60}  gitleaks notion-api-token
notion-token  secret_  <n>{43}  trufflehog notion  alone random
asana-token  0/1 1/1 2/1  \d{9,19}(?:/\d{9,19})?:<h>{32}  trufflehog asanapersonalaccesstoken  after
airtable-token  pat  <n>{14}\.<h>{64}  gitleaks airtable-personnal-access-token  after
figma-token  figd_ figo_ figu_  <w>{38,60}  trufflehog figmapersonalaccesstoken
postman-key  PMAK-  <n>{24}-<n>{34}  gitleaks postman-api-token
postman-key  PMAT-  <u>{26}  vendor postman.com
contentful-token  CFPAT-  <w>{43}  trufflehog contentfulpersonalaccesstoken
clickup-token  pk_  \d{4,10}_<u>{32}  trufflehog clickuppersonaltoken  alone
typeform-token  tfp_  [\w.-]{40,70}  gitleaks typeform-api-token
readme-key  rdme_  <l>{70}  gitleaks readme-api-token
hubspot-token  pat-na pat-eu pat-ap  \d-<uuid>  trufflehog hubspot_apikey
salesforce-token  00D  <n>{12,15}![\w.]{80,120}  trufflehog salesforce  alone
salesforce-key  3MVG9  [\w.+/=]{80,251}  trufflehog salesforceoauth2
zoho-token  1000.  <h>{32}\.<h>{32}  trufflehog zohocrm  alone
close-key  api_  <n>{18,26}\.<n>{18,26}  trufflehog closecrm  alone
apify-token  apify_api_  <n>{36}  trufflehog apify
posthog-key  phx_ phs_  <n>{40,60}  trufflehog posthog
dfuse-key  web_ server_ mobile_  <l>{32}  trufflehog dfuse  alone random
mapbox-token  sk.eyJ  <w>{40,400}\.<w>{20,172}  trufflehog mapbox
mapbox-token  pk.eyJ  <w>{40,400}\.<w>{20,172}  gitleaks mapbox-api-token
locationiq-key  pk.  <h>{32}  trufflehog locationiq  alone
ubidots-token  BBFF-  <n>{30}  trufflehog ubidots
nightfall-key  NF-  <n>{32}  trufflehog nightfall  alone random
finage-key  API_KEY  <u>{32}  trufflehog finage
adafruit-key  aio_  <n>{28}  trufflehog adafruitio
rootly-key  rootly_  <h>{64}  trufflehog rootly
intra42-secret  s-s4t2ud- s-s4t2af-  <h>{64}  gitleaks intra42-client-secret
frameio-token  fio-u-  [\w=-]{64}  gitleaks frameio-api-token
tableau-token  ==:  <b>{22}==:<n>{32}  trufflehog tableau  back=22
maxmind-key  _mmk  <n>{6}_<n>{29}_mmk  gitleaks maxmind-license-key  back=36
settlemint-token  sm_aat_ sm_pat_ sm_sat_  <n>{16}  gitleaks settlemint-personal-access-token
dynatrace-token  dt0c01. dt0s01. dt0s02. dt0s03. dt0s04. dt0s08. dt0s16.  <n>{8,24}\.<n>{64}
    gitleaks dynatrace-api-token
newrelic-key  NRAK- NRAA- NRRA- NRSP-  <n>{27,42}  gitleaks new-relic-user-api-key
newrelic-key  NRII-  <w>{32}  gitleaks new-relic-insert-key
newrelic-key  NRJS-  <h>{19}  gitleaks new-relic-browser-api-token
newrelic-key  NRAL  <l>{36}NRAL  trufflehog newreliclicense  back=36
honeycomb-key  hcaik_ hcaic_ hcbik_ hcxik_ hcalk_ hcamk_  <n>{26,80}  vendor honeycomb.io
axiom-token  xaat- xapt-  <uuid>  vendor axiom.co
logfire-token  pylf_v  \d_[a-z]{2}_<n>{30,60}  vendor pydantic logfire
grafana-key  glsa_  <n>{32}_<x>{8}  gitleaks grafana-service-account-token
grafana-key  glc_  [A-Za-z0-9+/]{32,400}={0,3}  gitleaks grafana-cloud-api-token
grafana-key  eyJrIjoi  <b>{70,400}={0,3}  gitleaks grafana-api-key
openshift-token  sha256~  <w>{43}  gitleaks openshift-user-token
authress-key  sc_ ext_ scauth_ authress_  <l>{5,30}\.<l>{4,6}\.acc[_-][a-z0-9-]{10,32}\.[\w+/=-]{30,120}
    gitleaks authress-service-client-access-key
defined-networking-key  dnkey-  [\w=-]{26}-[\w=-]{52}  gitleaks defined-networking-api-token
ory-token  ory_at_ ory_pat_ ory_rt_ ory_st_  <w>{24,120}  vendor ory.sh
stytch-secret  secret-live- secret-test-  <w>{36,60}  trufflehog stytch
"""

_SHAPES: Final = r"""
putty-key  Private-Lines:  \ ?\d{1,4}(?P<s>(?:[\s\\nr]{1,8}<b>{1,64}={0,2}){1,200})  vendor putty
password-hash  $6$ $5$ $1$ $apr1$  (?:rounds=\d{1,9}\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{22,90}
    vendor crypt(5)
password-hash  $2a$ $2b$ $2y$  \d\d\$[./A-Za-z0-9]{53}  vendor crypt(5)
password-hash  $y$ $gy$ $7$  [./A-Za-z0-9]{1,90}\$[./A-Za-z0-9]{1,90}\$[./A-Za-z0-9]{43}  vendor crypt(5)
password-hash  $argon2id$ $argon2i$ $argon2d$  v=\d+\$m=\d+,t=\d+,p=\d+\$<b>{8,90}\$<b>{16,120}
    vendor crypt(5)
password-hash  pbkdf2_sha256$ pbkdf2_sha512$  \d{3,8}\$<n>{4,40}\$<b>{40,100}={0,2}  vendor django
jwt  eyJ  <w>{10,16384}\.eyJ<w>{10,16384}\.<w>{16,2048}  gitleaks jwt  alone
jwe  eyJ  <w>{10,8192}\.<w>{0,4096}\.<w>{8,512}\.<w>{8,16384}\.<w>{8,512}  vendor RFC 7516  alone
basic-auth  :// :\/\/ %3A%2F%2F
    [^\s:/@"'<>{}$\[\]\\%]{0,64}(?::|%3[Aa])(?P<s>(?!(?:pass|password|passwd|secret|PASSWORD|PASS|token|pwd|REDACTED|xxx+|\*+|\.\.\.)(?:@|%40))(?:[^\s:/@"'<>{}$\[\]\\]{6,128}?|(?=[^@]{0,5}[0-9!#^&*])[^\s:/@"'<>{}$\[\]\\]{2,5}?))(?:@|%40)
    trufflehog uri  anywhere
bearer  earer␣ EARER␣
    (?P<s>(?=[A-Za-z0-9._~+/-]{0,2000}[0-9])(?=[A-Za-z0-9._~+/-]{0,2000}[A-Za-z])[A-Za-z0-9._~+/-]{20,8192}=*)(?![A-Za-z0-9._~+/(\[{-])
    gitleaks curl-auth-header  anywhere
"""


def _rows(text: str) -> list[Kind]:
    found = []
    for line in text.strip().replace("\n    ", "  ").splitlines():
        name, begins, rest, source, flags = (*line.split("  "), "")[:5]
        texts = tuple(one.replace("␣", " ") for one in begins.split(" "))
        found.append(Kind(name, texts, rest, source, frozenset(flags.split())))
    return found


def _discord() -> Kind:
    """A bot's token begins with its number in base64: 900 beginnings of four characters."""
    begins = tuple(b64encode(str(number).encode()).decode() for number in range(100, 1000))
    return Kind(
        "discord-token",
        begins,
        r"<w>{20,26}\.<w>{6,7}\.<w>{25,45}",
        "trufflehog discord",
        frozenset({"alone"}),
    )


def _okta() -> Kind:
    """A token begins with two zeros; a third one is left to what is full of zeros."""
    begins = tuple(f"00{char}" for char in "123456789" + ascii_letters)
    return Kind("okta-token", begins, r"<w>{39}(?![\w-])", "trufflehog okta", frozenset({"after", "random"}))


KINDS: Final[tuple[Kind, ...]] = (
    *(kind for text in (_AI, _CLOUD, _CODE, _TALK, _MONEY, _WORK, _SHAPES) for kind in _rows(text)),
    _discord(),
    _okta(),
)
