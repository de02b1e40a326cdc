"""External: `stripe_customer_id` and the like, which another service gave."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...evidence import Evidence
from ..kind import Candidate, Kind, Sight
from ..naming import read_column, spellings, words_of
from ..weights import EXTERNAL

_OUTSIDE = frozenset(
    """
    adyen airtable amazon amplitude apns apple asana auth0 aws azure bitbucket braintree calendly celery chargebee
    clerk cognito correlation datadog device discord docusign ebay etsy ext external facebook fcm firebase foreign
    freshdesk gcp github gitlab google hardware hubspot idp imdb instagram intercom isbn jira keycloak klarna ldap
    legacy license linkedin magento mailchimp mailgun message meta microsoft minion mixpanel mollie netsuite notion
    oauth odoo oidc okta old openid paddle partner party passport paypal pipedrive plaid postmark provider
    quickbooks razorpay recurly remote request resque salesforce saml sap scim segment sendgrid sentry serial
    shopify sidekiq slack span spotify square sso steam stripe supabase tax telegram third thread tiktok trace
    tracking trello twilio twitter upstream vendor whatsapp wise woocommerce xero youtube zendesk zoom
    """.split()  # noqa: SIM905 - words read better than a list of literals
)


def _weigh(candidate: Candidate, _: Sequence[Candidate], __: Sight) -> Iterator[Evidence]:
    for column in candidate.columns:
        reading = read_column(column.name)
        if reading is None or _OUTSIDE.isdisjoint(reading.words):
            continue
        theirs = {spelling for word in words_of(candidate.key_table.name) for spelling in spellings(word)}
        foreign = next((word for word in reading.words if word in _OUTSIDE and word not in theirs), None)
        if foreign is not None:
            seen = f"The name {column.name} says that the value comes from elsewhere ({foreign})."
            yield Evidence("external", EXTERNAL, seen)
            return


KIND = Kind("external", _weigh)
