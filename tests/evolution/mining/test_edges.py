"""Edges that are found, and the false ones that are not."""

from __future__ import annotations

from tdscaling.evolution.mining.edges import TOP

from .records import CUSTOMER, ITEM, ORDER, SHOP, TEXT, WHOLE, edges_of, function, http, many, obj, told


def test_a_list_hands_its_ids_to_what_is_asked_for_by_id() -> None:
    """The plainest of edges."""
    assert "listOrders orders.*.id -> getOrder order_id" in told(*SHOP)


def test_a_foreign_key_in_a_reply_leads_to_the_entry_it_names() -> None:
    """The order says whose it is."""
    assert "getOrder customer_id -> getCustomer customer_id" in told(*SHOP)


def test_what_creates_an_entry_hands_out_its_id() -> None:
    """The new order can be cancelled."""
    assert "createOrder id -> cancelOrder order_id" in told(*SHOP)


def test_a_name_in_a_list_is_no_name_for_a_new_entry() -> None:
    """list.name -> create.name is false: the name of a new entry is chosen, not looked up."""
    assert not [edge for edge in told(*SHOP) if edge.endswith("createCustomer name")]


def test_a_reference_is_not_copied_from_one_entry_to_another() -> None:
    """A new order does not get its customer from some other order."""
    found = told(*SHOP)
    assert "listCustomers customers.*.id -> createOrder customer_id" in found
    assert "listOrders orders.*.customer_id -> createOrder customer_id" not in found


def test_a_phone_number_of_a_list_is_no_argument_of_a_create() -> None:
    """Own fields of a body are told, not fetched."""
    person = obj(id=TEXT, phoneNumber=TEXT)
    tools = (
        http("GET /people", None, many(person)),
        http("POST /people", obj("phoneNumber", phoneNumber=TEXT), person),
        http("GET /people/{id}", obj("id", id=TEXT), person),
    )
    assert not [edge for edge in told(*tools) if "phoneNumber" in edge]


def test_marks_of_linked_data_feed_nothing() -> None:
    """`@id` is an address of the document, and no key."""
    tools = (
        http("GET /things", None, many({"type": "object", "properties": {"@id": TEXT, "name": TEXT}})),
        http("GET /things/{id}", obj("id", id=TEXT), {"type": "object", "properties": {"@id": TEXT}}),
        http("GET /keys/{apiKey}", obj("apiKey", apiKey=TEXT), obj()),
    )
    assert not [edge for edge in told(*tools) if "@id" in edge]


def test_secrets_pass_through_no_edge() -> None:
    """A token of a reply is not an argument that an assistant hands on."""
    tools = (
        http("POST /sessions", obj("user", user=TEXT), obj(token=TEXT, access_token=TEXT), name="createSession"),
        http("GET /tokens/{token}", obj("token", token=TEXT), obj(token=TEXT), name="getToken"),
        http("GET /me", obj("access_token", access_token=TEXT), obj(name=TEXT), name="getMe"),
    )
    assert not told(*tools)


def test_paging_tokens_pass_through_no_edge() -> None:
    """The next page belongs to one and the same call."""
    page = obj(nextPageToken=TEXT, orders={"type": "array", "items": ORDER})
    tools = (
        http("GET /orders", obj(pageToken=TEXT), page),
        http("GET /old-orders", obj("pageToken", pageToken=TEXT), page),
    )
    assert not [edge for edge in told(*tools) if "oken" in edge]


def test_a_producer_does_not_need_the_key_it_is_asked_for() -> None:
    """getOrder cannot tell which order to get."""
    found = told(*SHOP)
    assert not [edge for edge in found if edge.startswith("getOrder id ->") and edge.endswith("order_id")]
    assert not [edge for edge in found if edge.startswith("updateOrder id ->")]


def test_a_deletion_produces_nothing() -> None:
    """What is gone cannot be passed on."""
    gone = http("DELETE /orders/{order_id}", obj("order_id", order_id=TEXT), ORDER, name="deleteOrder")
    assert not [edge for edge in told(*SHOP[:-4], gone) if edge.startswith("deleteOrder")]


def test_one_noun_in_two_places_is_two_collections() -> None:
    """The members of a team are none of a plan's members."""
    tools = (
        http("GET /teams/{team_id}/members", obj("team_id", team_id=TEXT), many(obj(id=TEXT)), name="listTeamMembers"),
        http(
            "GET /teams/{team_id}/members/{member_id}",
            obj("team_id member_id", team_id=TEXT, member_id=TEXT),
            obj(id=TEXT),
            name="getTeamMember",
        ),
        http("GET /plans/{plan_id}/members", obj("plan_id", plan_id=TEXT), many(obj(id=TEXT)), name="listPlanMembers"),
        http(
            "GET /plans/{plan_id}/members/{member_id}",
            obj("plan_id member_id", plan_id=TEXT, member_id=TEXT),
            obj(id=TEXT),
            name="getPlanMember",
        ),
    )
    found = told(*tools)
    assert "listTeamMembers items.*.id -> getTeamMember member_id" in found
    assert "listTeamMembers items.*.id -> getPlanMember member_id" not in found


def test_the_list_below_an_entry_shows_the_entries_of_the_root_collection() -> None:
    """`/customers/{id}/orders` has no entries of its own."""
    below = http(
        "GET /customers/{customer_id}/orders",
        obj("customer_id", customer_id=TEXT),
        many(ORDER, "orders"),
        name="listOrdersOfCustomer",
    )
    assert "listOrdersOfCustomer orders.*.id -> cancelOrder order_id" in told(*SHOP, below)


def test_a_number_is_no_text() -> None:
    """Types must agree."""
    tools = (
        http("GET /orders", None, many(obj(id=WHOLE))),
        http("GET /orders/{id}", obj("id", id=TEXT), obj(id=WHOLE)),
    )
    assert not told(*tools)


def test_a_choice_needs_no_producer() -> None:
    """A closed list of values is known to whoever reads the schema."""
    region = {"type": "string", "enum": ["eu", "us"]}
    tools = (
        http("GET /regions", None, many(obj(id=TEXT)), name="listRegions"),
        http("GET /regions/{region_id}", obj("region_id", region_id=region), obj(id=TEXT), name="getRegion"),
    )
    assert not told(*tools)


def test_the_id_of_an_unknown_object_inside_a_reply_is_nobodys() -> None:
    """What a `meta` object calls its id is no order's id."""
    shown = obj(meta=obj(id=TEXT), total=WHOLE)
    tools = (
        http("GET /orders", None, shown, name="listOrders"),
        http("GET /orders/{order_id}", obj("order_id", order_id=TEXT), ORDER, name="getOrder"),
    )
    assert "listOrders meta.id -> getOrder order_id" not in told(*tools)


def test_a_running_operation_has_a_name_of_its_own() -> None:
    """The reply of a long job is the job, not what it makes."""
    operation = obj(name=TEXT, done={"type": "boolean"}, response=obj())
    tools = (
        http("POST /v1/{+parent}/disks", obj("parent", parent=TEXT), operation, name="projects.disks.create"),
        http("GET /v1/{+name}", obj("name", name=TEXT), obj(name=TEXT), name="projects.disks.get"),
        http(
            "GET /v1/{+parent}/disks",
            obj("parent", parent=TEXT),
            many(obj(name=TEXT), "disks"),
            name="projects.disks.list",
        ),
    )
    assert told(*tools) == {"projects.disks.list disks.*.name -> projects.disks.get name"}


def test_the_new_value_of_a_setting_is_not_looked_up() -> None:
    """`switch_mode(mode)` takes what it shall be."""
    tools = (function("get_mode"), function("switch_mode", obj("mode", mode=TEXT)))
    assert not told(*tools)


def test_a_free_text_named_like_a_collection_is_not_looked_up() -> None:
    """What is sent as `message` is written, though messages can be listed."""
    tools = (
        function("list_messages"),
        function("send_reply", obj("message channel_id", message=TEXT, channel_id=TEXT)),
    )
    assert not [edge for edge in told(*tools) if edge.endswith(" message")]


def test_replies_that_nobody_declared_are_inferred_and_say_so() -> None:
    """Functions without output schemas get edges too."""
    tools = (
        function("list_notes"),
        function("get_note", obj("note_id", note_id=TEXT)),
        function("delete_note", obj("note_id", note_id=TEXT)),
    )
    facts, edges = edges_of(*tools)
    assert {(edge.src, edge.dst) for edge in edges} == {(0, 1), (0, 2)}
    assert facts[0].inferred
    assert 0 < facts[0].confidence < 1
    assert all("inferred" in edge.evidence for edge in edges)


def test_a_parameter_keeps_only_its_best_producers() -> None:
    """Many lists show orders; three are enough."""
    lists = [http(f"GET /orders/by-{n}", None, many(ORDER, "orders"), name=f"listOrders{n}") for n in range(6)]
    get = http("GET /orders/{order_id}", obj("order_id", order_id=TEXT), ORDER, name="getOrder")
    _, edges = edges_of(*lists, get)
    assert len(edges) <= TOP


def test_what_is_deeper_in_a_reply_counts_less() -> None:
    """Of two places the one further out."""
    deep = obj(page=obj(part=obj(orders={"type": "array", "items": ORDER})))
    tools = (
        http("GET /orders", None, deep, name="listDeep"),
        http("GET /orders/all", None, many(ORDER, "orders"), name="listOrders"),
        http("GET /orders/{order_id}", obj("order_id", order_id=TEXT), ORDER, name="getOrder"),
    )
    facts, edges = edges_of(*tools)
    scores = {facts[edge.src].record.name: edge.score for edge in edges}
    assert scores["listOrders"] > scores.get("listDeep", 0)


def test_customers_and_items_do_not_mix() -> None:
    """An id belongs to the collection of its object."""
    tools = (
        http("GET /customers", None, many(CUSTOMER), name="listCustomers"),
        http("GET /items", None, many(ITEM), name="listItems"),
        http("GET /items/{item_id}", obj("item_id", item_id=TEXT), ITEM, name="getItem"),
        http("GET /customers/{customer_id}", obj("customer_id", customer_id=TEXT), CUSTOMER, name="getCustomer"),
    )
    assert told(*tools) == {
        "listCustomers items.*.id -> getCustomer customer_id",
        "listItems items.*.id -> getItem item_id",
    }


def test_the_key_of_an_entry_may_stand_before_its_name() -> None:
    """`idBoard` is the id of a board."""
    board = obj("id", id=TEXT, name=TEXT)
    tools = [http("GET /boards", gives=many(board)), http("GET /boards/{idBoard}", obj("idBoard", idBoard=TEXT), board)]
    assert told(*tools) == {"GET /boards items.*.id -> GET /boards/{idBoard} idBoard"}


def test_an_argument_may_be_spelt_otherwise_than_in_the_path() -> None:
    """AWS writes `{applicationId}` in the path and `ApplicationId` among the arguments."""
    app = obj("ApplicationId", ApplicationId=TEXT)
    get = http("GET /applications/{applicationId}", obj("ApplicationId", ApplicationId=TEXT), app)
    tools = [http("GET /applications", gives=many(app)), get]
    assert told(*tools) == {f"GET /applications items.*.ApplicationId -> {get.name} ApplicationId"}


def test_a_word_of_addresses_is_a_collection_behind_an_entry() -> None:
    """`/orgs/{org_id}/services` makes a service and hands out no organisation."""
    make = http("POST /orgs/{org_id}/services", obj("org_id", org_id=TEXT), obj("org_id", org_id=TEXT, id=TEXT))
    tools = [make, http("GET /orgs/{org_id}", obj("org_id", org_id=TEXT), obj("id", id=TEXT))]
    assert not told(*tools)


def test_a_collection_may_begin_with_a_verb() -> None:
    """`inspectTemplates` holds entries: posting to it makes one, and inspects nothing."""
    one = http("GET /inspectTemplates/{id}", obj("id", id=TEXT), obj("id", id=TEXT))
    tools = [http("POST /inspectTemplates", obj(note=TEXT), obj("id", id=TEXT)), one]
    assert told(*tools) == {f"POST /inspectTemplates id -> {one.name} id"}


def test_a_list_s_own_id_is_not_that_of_its_entries() -> None:
    """What encloses the entries may be numbered, too."""
    zone = obj("id", id=TEXT)
    page = obj("items", id=TEXT, items={"type": "array", "items": zone})
    tools = [http("GET /zones", gives=page), http("GET /zones/{zone}", obj("zone", zone=TEXT), zone)]
    assert told(*tools) == {"GET /zones items.*.id -> GET /zones/{zone} zone"}
