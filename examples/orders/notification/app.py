"""Tells a customer how the order went: by an e-mail, and by an SMS."""

import json

import boto3

SHOP = "kitchen@example.com"
WORDS = {
    "OrderPaid": (
        "Your {dish} is on its way",
        "Thank you! {count} x {dish} for {total} will be there in half an hour.",
    ),
    "OrderCancelled": ("Your order was cancelled", "Your card did not take {total}, so there will be no {dish} today."),
}

ses, sns = boto3.client("ses"), boto3.client("sns")
ses.verify_email_identity(EmailAddress=SHOP)


def handler(event, context):
    for record in event["Records"]:
        told = json.loads(record["body"])
        subject, text = (words.format(**told["detail"]) for words in WORDS[told["detail-type"]])
        ses.send_email(
            Source=SHOP,
            Destination={"ToAddresses": [told["detail"]["email"]]},
            Message={"Subject": {"Data": subject}, "Body": {"Text": {"Data": text}}},
        )
        sns.publish(PhoneNumber=told["detail"]["phone"], Message=text)
