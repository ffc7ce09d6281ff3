"""What Python's SDK makes of the local bus: every operation once, and the errors by name.

Usage: python3 conformance.py URL. Prints one line for each check; fails on the first
that does not hold.
"""

import json
import sys
import time
from datetime import datetime, timedelta, timezone

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

URL = sys.argv[1]
ACCOUNT = "000000000000"
REGION = "eu-west-1"


def client(service):
    return boto3.client(
        service,
        endpoint_url=URL,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 0}),
    )


events = client("events")


def arn(resource):
    return f"arn:aws:events:{REGION}:{ACCOUNT}:{resource}"


def check(name, holds):
    if not holds:
        raise SystemExit(f"does not hold: {name}")
    print(f"ok {name}")


def refused(name, call, code, text=""):
    try:
        call()
    except ClientError as error:
        told = error.response["Error"]
        check(f"{name}: {code}", told["Code"] == code and text in told["Message"])
        return
    raise SystemExit(f"not refused: {name}")


# Event buses
made = events.create_event_bus(Name="orders", Tags=[{"Key": "a", "Value": "1"}])
check("CreateEventBus", made["EventBusArn"] == arn("event-bus/orders"))
described = events.describe_event_bus(Name="orders")
check("DescribeEventBus", described["Arn"] == made["EventBusArn"])
# Debian's SDK is older than this operation and the times that the service tells.
if hasattr(events, "update_event_bus"):
    check("UpdateEventBus", events.update_event_bus(Name="orders", Description="e")["Description"] == "e")
    check("times", isinstance(events.describe_event_bus(Name="orders")["CreationTime"], datetime))
for n in range(3):
    events.create_event_bus(Name=f"page-{n}")
first = events.list_event_buses(NamePrefix="page-", Limit=2)
second = events.list_event_buses(NamePrefix="page-", Limit=2, NextToken=first["NextToken"])
check("ListEventBuses", [len(p["EventBuses"]) for p in (first, second)] == [2, 1] and "NextToken" not in second)
refused(
    "CreateEventBus twice",
    lambda: events.create_event_bus(Name="orders"),
    "ResourceAlreadyExistsException",
    "Event bus orders already exists.",
)
refused("DeleteEventBus default", lambda: events.delete_event_bus(Name="default"), "ValidationException")
refused("DescribeEventBus none", lambda: events.describe_event_bus(Name="none"), "ResourceNotFoundException")

# Permissions
events.put_permission(Action="events:PutEvents", Principal="111122223333", StatementId="s")
check("PutPermission", "111122223333" in events.describe_event_bus()["Policy"])
events.remove_permission(StatementId="s")
check("RemovePermission", "Policy" not in events.describe_event_bus())
refused("RemovePermission none", lambda: events.remove_permission(StatementId="s"), "ResourceNotFoundException")

# Rules and targets
pattern = json.dumps({"source": ["com.acme.orders"]})
rule = events.put_rule(Name="r", EventBusName="orders", EventPattern=pattern)
check("PutRule", rule["RuleArn"] == arn("rule/orders/r"))
check("DescribeRule", events.describe_rule(Name="r", EventBusName="orders")["EventPattern"] == pattern)
events.disable_rule(Name="r", EventBusName="orders")
check("DisableRule", events.describe_rule(Name="r", EventBusName="orders")["State"] == "DISABLED")
events.enable_rule(Name="r", EventBusName="orders")
check("EnableRule", events.list_rules(EventBusName="orders")["Rules"][0]["State"] == "ENABLED")
refused(
    "PutRule with a wrong pattern",
    lambda: events.put_rule(Name="x", EventPattern='{"source":[]}'),
    "InvalidEventPatternException",
    "Event pattern is not valid. Reason: ",
)
log_group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/python"
put = events.put_targets(Rule="r", EventBusName="orders", Targets=[{"Id": "t", "Arn": log_group}])
check("PutTargets", put["FailedEntryCount"] == 0)
check("ListTargetsByRule", events.list_targets_by_rule(Rule="r", EventBusName="orders")["Targets"][0]["Id"] == "t")
names = events.list_rule_names_by_target(TargetArn=log_group, EventBusName="orders")["RuleNames"]
check("ListRuleNamesByTarget", names == ["r"])
refused(
    "DeleteRule with targets",
    lambda: events.delete_rule(Name="r", EventBusName="orders"),
    "ValidationException",
    "Rule can't be deleted since it has targets.",
)
refused(
    "PutTargets beyond five",
    lambda: events.put_targets(
        Rule="r", EventBusName="orders", Targets=[{"Id": f"t{n}", "Arn": log_group} for n in range(6)]
    ),
    "LimitExceededException",
)

# Tags
events.tag_resource(ResourceARN=arn("rule/orders/r"), Tags=[{"Key": "b", "Value": "2"}])
check("TagResource", events.list_tags_for_resource(ResourceARN=arn("rule/orders/r"))["Tags"] == [{"Key": "b", "Value": "2"}])
events.untag_resource(ResourceARN=arn("rule/orders/r"), TagKeys=["b"])
check("UntagResource", events.list_tags_for_resource(ResourceARN=arn("rule/orders/r"))["Tags"] == [])

# Archive, events, replay
events.create_archive(ArchiveName="a", EventSourceArn=arn("event-bus/orders"), RetentionDays=1)
now = datetime.now(timezone.utc)
entry = {
    "EventBusName": "orders",
    "Source": "com.acme.orders",
    "DetailType": "OrderPlaced",
    "Detail": json.dumps({"metadata": {"eventId": "e1"}, "data": {}}),
    "Time": now,
}
answer = events.put_events(Entries=[entry, {**entry, "Detail": "[]"}])
check(
    "PutEvents",
    answer["FailedEntryCount"] == 1
    and "EventId" in answer["Entries"][0]
    and answer["Entries"][1] == {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."},
)
refused("PutEvents of eleven", lambda: events.put_events(Entries=[entry] * 11), "ValidationException", "less than or equal to 10")
check("DescribeArchive", events.describe_archive(ArchiveName="a")["EventCount"] == 1)
events.update_archive(ArchiveName="a", RetentionDays=2)
check("ListArchives", events.list_archives(NamePrefix="a")["Archives"][0]["RetentionDays"] == 2)
window = {"EventStartTime": now - timedelta(minutes=1), "EventEndTime": now + timedelta(minutes=1)}
started = events.start_replay(
    ReplayName="p", EventSourceArn=arn("archive/a"), Destination={"Arn": arn("event-bus/orders")}, **window
)
check("StartReplay", started["State"] == "STARTING")
for _ in range(200):
    state = events.describe_replay(ReplayName="p")["State"]
    if state == "COMPLETED":
        break
    time.sleep(0.01)
check("DescribeReplay", state == "COMPLETED")
check("ListReplays", [r["ReplayName"] for r in events.list_replays(NamePrefix="p")["Replays"]] == ["p"])
refused("CancelReplay at its end", lambda: events.cancel_replay(ReplayName="p"), "IllegalStatusException")
refused(
    "StartReplay to another bus",
    lambda: events.start_replay(
        ReplayName="q", EventSourceArn=arn("archive/a"), Destination={"Arn": arn("event-bus/default")}, **window
    ),
    "ValidationException",
    "Cross event bus replay is not permitted.",
)
events.delete_archive(ArchiveName="a")
refused("DescribeArchive deleted", lambda: events.describe_archive(ArchiveName="a"), "ResourceNotFoundException")

# TestEventPattern
event = {
    "id": "1",
    "account": ACCOUNT,
    "source": "com.acme.orders",
    "time": "2026-01-01T00:00:00Z",
    "region": REGION,
    "detail-type": "OrderPlaced",
    "resources": [],
    "detail": {},
}
check("TestEventPattern", events.test_event_pattern(EventPattern=pattern, Event=json.dumps(event))["Result"] is True)
refused(
    "TestEventPattern without an event",
    lambda: events.test_event_pattern(EventPattern=pattern, Event="{}"),
    "ValidationException",
    "Parameter Event is not valid.",
)

# Connections and API destinations
connection = events.create_connection(
    Name="c",
    AuthorizationType="BASIC",
    AuthParameters={"BasicAuthParameters": {"Username": "u", "Password": "p"}},
)
check("CreateConnection", connection["ConnectionState"] == "AUTHORIZED")
check("DescribeConnection", events.describe_connection(Name="c")["AuthParameters"] == {"BasicAuthParameters": {"Username": "u"}})
events.update_connection(Name="c", Description="d")
check("ListConnections", events.list_connections()["Connections"][0]["Name"] == "c")
destination = events.create_api_destination(
    Name="d",
    ConnectionArn=connection["ConnectionArn"],
    InvocationEndpoint="https://example.com/x",
    HttpMethod="POST",
)
check("CreateApiDestination", ":api-destination/d/" in destination["ApiDestinationArn"])
events.update_api_destination(Name="d", HttpMethod="PUT")
check("DescribeApiDestination", events.describe_api_destination(Name="d")["HttpMethod"] == "PUT")
check("ListApiDestinations", len(events.list_api_destinations()["ApiDestinations"]) == 1)
events.delete_api_destination(Name="d")
check("DeauthorizeConnection", events.deauthorize_connection(Name="c")["ConnectionState"] == "DEAUTHORIZING")
check("DeleteConnection", events.delete_connection(Name="c")["ConnectionState"] == "DELETING")

# SQS, by the client and by its resources. Debian's SDK speaks the query protocol.
sqs = client("sqs")
dlq = sqs.create_queue(QueueName="dlq", tags={"team": "orders"})["QueueUrl"]
policy = json.dumps({"deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:dlq", "maxReceiveCount": 1})
url = sqs.create_queue(QueueName="q", Attributes={"VisibilityTimeout": "0", "RedrivePolicy": policy})["QueueUrl"]
check("ListQueueTags", sqs.list_queue_tags(QueueUrl=dlq)["Tags"] == {"team": "orders"})
check("ListDeadLetterSourceQueues", sqs.list_dead_letter_source_queues(QueueUrl=dlq)["queueUrls"] == [url])
queue = boto3.resource(
    "sqs", endpoint_url=URL, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
).get_queue_by_name(QueueName="q")
queue.send_message(
    MessageBody="<first> & \r\n",
    MessageAttributes={
        "text": {"DataType": "String", "StringValue": "ä"},
        "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
    },
)
(message,) = queue.receive_messages(MessageAttributeNames=["All"], AttributeNames=["All"])
check("receive_messages", message.body == "<first> & \r\n" and message.attributes["ApproximateReceiveCount"] == "1")
check("message attributes", message.message_attributes["bytes"]["BinaryValue"] == b"\x00\x01")
check("redrive", queue.receive_messages() == [] and len(sqs.receive_message(QueueUrl=dlq)["Messages"]) == 1)
sent = queue.send_messages(Entries=[{"Id": f"i{n}", "MessageBody": f"m{n}"} for n in range(3)])
check("send_messages", len(sent["Successful"]) == 3)
received = queue.receive_messages(MaxNumberOfMessages=10, VisibilityTimeout=30)
check("in order", [m.body for m in received] == ["m0", "m1", "m2"])
received[0].change_visibility(VisibilityTimeout=60)
deleted = queue.delete_messages(Entries=[{"Id": str(n), "ReceiptHandle": m.receipt_handle} for n, m in enumerate(received)])
check("delete_messages", len(deleted["Successful"]) == 3)
queue.reload()
check("attributes", queue.attributes["ApproximateNumberOfMessages"] == "0")
refused("GetQueueUrl none", lambda: sqs.get_queue_url(QueueName="none"), "AWS.SimpleQueueService.NonExistentQueue")
refused("SetQueueAttributes", lambda: queue.set_attributes(Attributes={"DelaySeconds": "901"}), "InvalidAttributeValue")
refused("EmptyBatchRequest", lambda: queue.send_messages(Entries=[]), "AWS.SimpleQueueService.EmptyBatchRequest")
try:
    sqs.get_queue_url(QueueName="none")
except sqs.exceptions.QueueDoesNotExist:
    check("QueueDoesNotExist is its own exception", True)
queue.purge()
queue.delete()
check("ListQueues", sqs.list_queues()["QueueUrls"] == [dlq])

# Away with it all
check("RemoveTargets", events.remove_targets(Rule="r", EventBusName="orders", Ids=["t"])["FailedEntryCount"] == 0)
events.delete_rule(Name="r", EventBusName="orders")
refused("DescribeRule deleted", lambda: events.describe_rule(Name="r", EventBusName="orders"), "ResourceNotFoundException")
events.delete_event_bus(Name="orders")
check("DeleteEventBus", "orders" not in [b["Name"] for b in events.list_event_buses()["EventBuses"]])
print("done")
