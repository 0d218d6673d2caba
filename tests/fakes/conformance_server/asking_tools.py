"""Tools that ask by `input_required` and are called again with the answers (modern, SEP-2322)."""

from mcp.server.mcpserver import Context, MCPServer
from mcp.shared.exceptions import MCPError
from mcp_types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    CreateMessageRequest,
    CreateMessageRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequest,
    InputRequiredResult,
    ListRootsRequest,
    ListRootsResult,
    SamplingMessage,
    TextContent,
)

from fakes.conformance_server import asking_schemas, specimens
from fakes.conformance_server.asking_schemas import Form

Answer = list[TextContent] | InputRequiredResult


def add_asking_tools(server: MCPServer) -> None:
    for tool in (
        test_input_required_result_elicitation,
        test_input_required_result_sampling,
        test_input_required_result_list_roots,
        test_input_required_result_request_state,
        test_input_required_result_tampered_state,
        test_input_required_result_multiple_inputs,
        test_input_required_result_multi_round,
        test_input_required_result_capabilities,
        test_streaming_elicitation,
        test_missing_capability,
    ):
        server.add_tool(tool, structured_output=False)


def elicitation(message: str, requested: Form) -> ElicitRequest:
    params = ElicitRequestFormParams(message=message, requested_schema=requested)
    return ElicitRequest(params=params)


def sampling(prompt: str, max_tokens: int = 100) -> CreateMessageRequest:
    message = SamplingMessage(role="user", content=specimens.text(prompt))
    params = CreateMessageRequestParams(messages=[message], max_tokens=max_tokens)
    return CreateMessageRequest(params=params)


def ask(state: str | None = None, /, **questions: InputRequest) -> InputRequiredResult:
    return InputRequiredResult(input_requests=questions, request_state=state)


def accepted_field(ctx: Context, question: str, field: str) -> object:
    """The field of an accepted form, or None when this round did not bring it."""
    answer = (ctx.input_responses or {}).get(question)
    if isinstance(answer, ElicitResult) and answer.action == "accept":
        return (answer.content or {}).get(field)
    return None


async def test_input_required_result_elicitation(ctx: Context) -> Answer:
    """Asks for a name, then greets."""
    name = accepted_field(ctx, "user_name", "name")
    if name is None:
        form = asking_schemas.text_field("name")
        return ask(user_name=elicitation("What is your name?", form))
    return [specimens.text(f"Hello, {name}!")]


async def test_input_required_result_sampling(ctx: Context) -> Answer:
    """Asks the client's model for a capital."""
    answer = (ctx.input_responses or {}).get("capital_question")
    if answer is None:
        return ask(capital_question=sampling("What is the capital of France?"))
    return [specimens.text(f"The model said: {answer}")]


async def test_input_required_result_list_roots(ctx: Context) -> Answer:
    """Asks for the client's roots."""
    answer = (ctx.input_responses or {}).get("client_roots")
    if not isinstance(answer, ListRootsResult):
        return ask(client_roots=ListRootsRequest())
    return [specimens.text("Roots: " + ", ".join(str(root.uri) for root in answer.roots))]


async def test_input_required_result_request_state(ctx: Context) -> Answer:
    """Asks for a confirmation and wants its own state back."""
    return _confirmed_with_state(ctx, "confirming")


async def test_input_required_result_tampered_state(ctx: Context) -> Answer:
    """The same, for clients that send a changed state: the SDK's seal refuses those."""
    return _confirmed_with_state(ctx, "untampered")


def _confirmed_with_state(ctx: Context, state: str) -> Answer:
    if ctx.request_state == state and accepted_field(ctx, "confirm", "ok") is True:
        return [specimens.text("state-ok")]
    form = asking_schemas.CONFIRMATION
    return ask(state, confirm=elicitation("Please confirm", form))


async def test_input_required_result_multiple_inputs(ctx: Context) -> Answer:
    """Asks user, model and roots in one round."""
    wanted = {"user_name", "greeting", "client_roots"}
    if ctx.request_state == "all-three" and wanted <= set(ctx.input_responses or {}):
        return [specimens.text(f"Hello, {accepted_field(ctx, 'user_name', 'name')}!")]
    return ask(
        "all-three",
        user_name=elicitation("What is your name?", asking_schemas.text_field("name")),
        greeting=sampling("Generate a greeting", max_tokens=50),
        client_roots=ListRootsRequest(),
    )


async def test_input_required_result_multi_round(ctx: Context) -> Answer:
    """Asks for a name, then for a colour, and remembers the name in its state."""
    name = accepted_field(ctx, "step1", "name")
    colour = accepted_field(ctx, "step2", "color")
    if colour is not None and ctx.request_state:
        return [specimens.text(f"{ctx.request_state} likes {colour}")]
    if name is not None and ctx.request_state == "asked-for-name":
        form = asking_schemas.text_field("color")
        return ask(str(name), step2=elicitation("Step 2: What is your favorite color?", form))
    form = asking_schemas.text_field("name")
    return ask("asked-for-name", step1=elicitation("Step 1: What is your name?", form))


async def test_input_required_result_capabilities(ctx: Context) -> Answer:
    """Asks only what the client said it can answer."""
    if ctx.input_responses:
        return [specimens.text("Answered: " + ", ".join(sorted(ctx.input_responses)))]
    able = ctx.client_capabilities
    questions: dict[str, InputRequest] = {}
    if able and able.sampling:
        questions["greeting"] = sampling("Generate a greeting")
    if able and able.elicitation:
        form = asking_schemas.text_field("name")
        questions["user_name"] = elicitation("What is your name?", form)
    return ask(**questions) if questions else [specimens.text("Nothing can be asked")]


async def test_streaming_elicitation(ctx: Context) -> Answer:
    """Shows progress, then asks: a stream that must hold no request of the server's own."""
    await ctx.report_progress(1, 2)
    return await test_input_required_result_elicitation(ctx)


async def test_missing_capability(ctx: Context) -> Answer:
    """Refuses clients that cannot sample."""
    able = ctx.client_capabilities
    if able is None or able.sampling is None:
        raise MCPError(
            code=MISSING_REQUIRED_CLIENT_CAPABILITY,
            message="This tool needs a client that declares sampling",
            data={"requiredCapabilities": {"sampling": {}}},
        )
    return [specimens.text("The client can sample")]
