//! The panic guard: a handler that panics is answered for.
//!
//! rmcp runs each request in a task of its own. A panic ends the task and nothing else
//! does: the caller would wait for ever. Here a panicking tool becomes a tool error, and
//! any other panicking method an internal error. The panic itself is logged by the hook
//! that `init_logging` sets.

#![expect(deprecated, reason = "methods of the older protocol era are forwarded too")]

use std::any::Any;
use std::borrow::Cow;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, CancelTaskParams, CancelledNotificationParam,
    CompleteRequestParams, CompleteResult, ContentBlock, CustomNotification, CustomRequest, CustomResult,
    DiscoverResult, ErrorData, GetPromptRequestParams, GetPromptResponse, GetSkillRequestParams,
    GetSkillResult, GetTaskParams, GetTaskResult, InitializeRequestParams, InitializeResult,
    ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListSkillsResult, ListToolsResult,
    PaginatedRequestParams, ProgressNotificationParam, ProtocolVersion, ReadResourceDirectoryRequestParams,
    ReadResourceDirectoryResult, ReadResourceRequestParams, ReadResourceResponse, ServerConfig,
    SetLevelRequestParams, SubscribeRequestParams, SubscriptionFilter, Tool, UnsubscribeRequestParams,
    UpdateTaskParams,
};
use rmcp::service::{NotificationContext, RequestContext, SubscriptionContext};
use rmcp::{RoleServer, ServerHandler};

/// A handler whose panics are answered, shared by all requests.
#[derive(Debug)]
pub(crate) struct Guarded<H>(Arc<H>);

impl<H> Guarded<H> {
    pub(crate) fn new(handler: H) -> Self {
        Self(Arc::new(handler))
    }
}

impl<H> Clone for Guarded<H> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// The answer to a request whose handler panicked. Its message is for the log alone.
fn internal_error(_: Box<dyn Any + Send>) -> ErrorData {
    ErrorData::internal_error("the server failed on this request; its log says why", None)
}

/// Forwards request methods, each behind the guard.
macro_rules! guarded {
    ($($method:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {
        $(async fn $method(&self, $($argument: $type),*) -> Result<$result, ErrorData> {
            let answer = async { self.0.$method($($argument),*).await };
            AssertUnwindSafe(answer).catch_unwind().await.unwrap_or_else(|panic| Err(internal_error(panic)))
        })*
    };
}

/// Forwards notifications, which come where there are sessions and have no answer.
macro_rules! noted {
    ($($method:ident($($argument:ident: $type:ty)?);)*) => {
        $(async fn $method(&self, $($argument: $type,)? context: NotificationContext<RoleServer>) {
            let noted = async { self.0.$method($($argument,)? context).await };
            // Said in the log, by the hook for panics.
            let _ = AssertUnwindSafe(noted).catch_unwind().await;
        })*
    };
}

type Context = RequestContext<RoleServer>;
type Page = Option<PaginatedRequestParams>;

impl<H: ServerHandler> ServerHandler for Guarded<H> {
    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: Context,
    ) -> Result<CallToolResponse, ErrorData> {
        let tool = request.name.clone();
        let answer = async { self.0.call_tool(request, context).await };
        AssertUnwindSafe(answer).catch_unwind().await.unwrap_or_else(|_| {
            let text = format!("the tool {tool} failed on this call; the server's log says why");
            Ok(CallToolResult::error(vec![ContentBlock::text(text)]).into())
        })
    }

    guarded! {
        ping(context: Context) -> ();
        initialize(request: InitializeRequestParams, context: Context) -> InitializeResult;
        discover(context: Context) -> DiscoverResult;
        complete(request: CompleteRequestParams, context: Context) -> CompleteResult;
        set_level(request: SetLevelRequestParams, context: Context) -> ();
        get_prompt(request: GetPromptRequestParams, context: Context) -> GetPromptResponse;
        list_prompts(request: Page, context: Context) -> ListPromptsResult;
        list_resources(request: Page, context: Context) -> ListResourcesResult;
        list_resource_templates(request: Page, context: Context) -> ListResourceTemplatesResult;
        read_resource(request: ReadResourceRequestParams, context: Context) -> ReadResourceResponse;
        listen(context: SubscriptionContext) -> ();
        subscribe(request: SubscribeRequestParams, context: Context) -> ();
        unsubscribe(request: UnsubscribeRequestParams, context: Context) -> ();
        list_tools(request: Page, context: Context) -> ListToolsResult;
        on_custom_request(request: CustomRequest, context: Context) -> CustomResult;
        get_task(request: GetTaskParams, context: Context) -> GetTaskResult;
        update_task(request: UpdateTaskParams, context: Context) -> ();
        cancel_task(request: CancelTaskParams, context: Context) -> ();
        list_skills(request: Page, context: Context) -> ListSkillsResult;
        get_skill(request: GetSkillRequestParams, context: Context) -> GetSkillResult;
        read_resource_directory(request: ReadResourceDirectoryRequestParams, context: Context) -> ReadResourceDirectoryResult;
    }

    noted! {
        on_cancelled(notification: CancelledNotificationParam);
        on_progress(notification: ProgressNotificationParam);
        on_initialized();
        on_roots_list_changed();
        on_custom_notification(notification: CustomNotification);
    }

    fn negotiate_initialize(&self, request: &InitializeRequestParams) -> Result<InitializeResult, ErrorData> {
        self.0.negotiate_initialize(request)
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        self.0.supported_protocol_versions()
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        self.0.accepted_subscription_filter(requested)
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.0.get_tool(name)
    }

    fn get_info(&self) -> ServerConfig {
        self.0.get_info()
    }
}
