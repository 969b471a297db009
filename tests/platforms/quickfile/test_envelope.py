"""The signature and the envelope of API v1.2."""

from __future__ import annotations

from airbooks.platforms.quickfile.envelope import Credentials, envelope, md5_value, path_of

CREDENTIALS = Credentials(account="6131400000", api_key="000AA000-AAAA-0000-A", application_id="9b6a0a5e-0f52-4b0e-9f0b-0c5f5f3f1a11")


def test_the_signature_is_the_vendors_check_value() -> None:
    assert md5_value("123456789", "AAA3321-12BH-A22", "00001") == "507c9d79c192da6e86428919ee0382dc"


def test_credentials_travel_inside_the_body_and_the_key_does_not() -> None:
    made = envelope(CREDENTIALS, "AF-01J9Z6V2K7Q4", {"InvoiceID": 90125})
    signature = md5_value("6131400000", "000AA000-AAAA-0000-A", "AF-01J9Z6V2K7Q4")
    assert made == {
        "payload": {
            "Header": {
                "MessageType": "Request",
                "SubmissionNumber": "AF-01J9Z6V2K7Q4",
                "Authentication": {
                    "AccNumber": "6131400000",
                    "MD5Value": signature,
                    "ApplicationID": "9b6a0a5e-0f52-4b0e-9f0b-0c5f5f3f1a11",
                },
            },
            "Body": {"InvoiceID": 90125},
        }
    }
    assert "000AA000" not in str(made)


def test_methods_that_take_no_body_get_no_body_node() -> None:
    assert "Body" not in envelope(CREDENTIALS, "1", None)["payload"]


def test_test_mode_is_said_in_the_header() -> None:
    trial = Credentials(account="1", api_key="2", application_id="3", test_mode=True)
    assert envelope(trial, "1", None)["payload"]["Header"]["TestMode"] is True


def test_a_method_is_called_at_its_name_in_lower_case() -> None:
    assert path_of("Invoice_Create") == "/1_2/invoice/create"
    assert path_of("Payment_GetPayMethods") == "/1_2/payment/getpaymethods"
