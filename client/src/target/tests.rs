//! The table of targets, a test per row.

use super::*;

fn read(text: &str) -> Target {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A row of the table: what is given, what it is, service and region.
macro_rules! rows {
    ($($name:ident: $text:expr => $kind:pat, $service:expr, $region:expr;)*) => {
        $(#[test]
        fn $name() {
            let target = read($text);
            assert!(matches!(target.kind(), $kind), "{:?}", target.kind());
            assert_eq!(target.service(), $service);
            assert_eq!(target.region(), $region);
        })*
    };
}

const ARN: &str = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/my_mcp-abcdefghij";

rows! {
    runtime_arn: ARN => Kind::Runtime(Some(_)), Some("bedrock-agentcore"), Some("us-east-1");
    runtime_endpoint_arn: "arn:aws:bedrock-agentcore:eu-central-1:123456789012:runtime/a-abcdefghij/runtime-endpoint/prod"
        => Kind::Runtime(Some(_)), Some("bedrock-agentcore"), Some("eu-central-1");
    gateway_arn: "arn:aws:bedrock-agentcore:us-west-2:123456789012:gateway/tools-abcdefghij"
        => Kind::Gateway, Some("bedrock-agentcore"), Some("us-west-2");
    runtime_url_with_arn: "https://bedrock-agentcore.us-west-2.amazonaws.com/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-west-2%3A123456789012%3Aruntime%2Fa-abcdefghij/invocations?qualifier=DEFAULT"
        => Kind::Runtime(Some(_)), Some("bedrock-agentcore"), Some("us-west-2");
    runtime_url_with_account: "https://bedrock-agentcore.us-west-2.amazonaws.com/runtimes/a-abcdefghij/invocations?accountId=123456789012&qualifier=DEFAULT"
        => Kind::Runtime(None), Some("bedrock-agentcore"), Some("us-west-2");
    runtime_fips: "https://bedrock-agentcore-fips.us-gov-west-1.amazonaws.com/runtimes/a/invocations"
        => Kind::Runtime(None), Some("bedrock-agentcore"), Some("us-gov-west-1");
    runtime_vpc_endpoint: "https://vpce-0a1b-2c3d.bedrock-agentcore.us-east-1.vpce.amazonaws.com/runtimes/a/invocations"
        => Kind::Runtime(None), Some("bedrock-agentcore"), Some("us-east-1");
    runtime_dual_stack: "https://bedrock-agentcore.ap-southeast-2.api.aws/runtimes/a/invocations"
        => Kind::Runtime(None), Some("bedrock-agentcore"), Some("ap-southeast-2");
    gateway_url: "https://tools-abcdefghij.gateway.bedrock-agentcore.us-east-1.amazonaws.com/mcp"
        => Kind::Gateway, Some("bedrock-agentcore"), Some("us-east-1");
    function_url: "https://abc123.lambda-url.us-east-1.on.aws/" => Kind::FunctionUrl, Some("lambda"), Some("us-east-1");
    function_url_in_china: "https://abc123.lambda-url.cn-north-1.on.amazonwebservices.com.cn/"
        => Kind::FunctionUrl, Some("lambda"), Some("cn-north-1");
    function_url_of_local_aws: "http://abc123.lambda-url.us-east-1.localhost:9001/"
        => Kind::FunctionUrl, Some("lambda"), Some("us-east-1");
    api_gateway: "https://a1b2c3.execute-api.eu-west-1.amazonaws.com/prod/mcp"
        => Kind::ExecuteApi, Some("execute-api"), Some("eu-west-1");
    api_gateway_in_china: "https://a1b2c3.execute-api.cn-northwest-1.amazonaws.com.cn/prod/mcp"
        => Kind::ExecuteApi, Some("execute-api"), Some("cn-northwest-1");
    api_gateway_vpc_endpoint: "https://vpce-0a1b-2c3d.execute-api.us-east-1.vpce.amazonaws.com/prod/mcp"
        => Kind::ExecuteApi, Some("execute-api"), Some("us-east-1");
    aws_mcp_server: "https://aws-mcp.us-east-1.api.aws/mcp" => Kind::Aws, Some("aws-mcp"), Some("us-east-1");
    european_sovereign_cloud: "https://bedrock-agentcore.eusc-de-east-1.amazonaws.eu/runtimes/a/invocations"
        => Kind::Runtime(None), Some("bedrock-agentcore"), Some("eusc-de-east-1");
    host_without_region: "https://example.amazonaws.com/mcp" => Kind::Other, None, None;
    own_domain: "https://mcp.example.com/mcp" => Kind::Other, None, None;
    look_alike: "https://abc.lambda-url.us-east-1.on.aws.example.com/" => Kind::Other, None, None;
    loopback: "http://127.0.0.1:9000/lambda-url/mcp" => Kind::Other, None, None;
}

#[test]
fn an_arn_becomes_the_url_that_the_guide_builds() {
    assert_eq!(
        read(ARN).to_string(),
        "https://bedrock-agentcore.us-east-1.amazonaws.com/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-east-1%3A123456789012%3Aruntime%2Fmy_mcp-abcdefghij/invocations?qualifier=DEFAULT"
    );
}

#[test]
fn partitions_have_their_own_domains() {
    let host = |arn: &str| read(arn).url().host_str().map(str::to_owned);
    let china = host("arn:aws-cn:bedrock-agentcore:cn-north-1:123456789012:runtime/a-abcdefghij");
    assert_eq!(china.as_deref(), Some("bedrock-agentcore.cn-north-1.amazonaws.com.cn"));
    let government = host("arn:aws-us-gov:bedrock-agentcore:us-gov-west-1:123456789012:runtime/a-abcdefghij");
    assert_eq!(government.as_deref(), Some("bedrock-agentcore.us-gov-west-1.amazonaws.com"));
}

#[test]
fn a_qualifier_replaces_the_default_and_keeps_the_account() {
    let named = read(ARN).with_qualifier("prod v2").map(|target| target.url().query().map(str::to_owned));
    assert_eq!(named, Ok(Some("qualifier=prod%20v2".to_owned())));
    let url =
        "https://bedrock-agentcore.us-west-2.amazonaws.com/runtimes/a/invocations?accountId=1&qualifier=x";
    let named = read(url).with_qualifier("y").map(|target| target.url().query().map(str::to_owned));
    assert_eq!(named, Ok(Some("accountId=1&qualifier=y".to_owned())));
}

#[test]
fn an_endpoint_replaces_the_host_of_an_arn_and_nothing_else() {
    let endpoint: Url = "http://127.0.0.1:9000".parse().expect("a URL");
    let target = read(ARN).with_endpoint(&endpoint).expect("an ARN takes an endpoint");
    assert!(target.to_string().starts_with("http://127.0.0.1:9000/runtimes/arn%3Aaws%3A"), "{target}");
    assert_eq!(target.region(), Some("us-east-1"));
    assert!(read("https://mcp.example.com/mcp").with_endpoint(&endpoint).is_err());
}

#[test]
fn what_is_no_target_is_said_to_be_none() {
    for text in ["", "my-agent", "ftp://example.com/", "https://user:secret@example.com/", "localhost:8000"] {
        assert_eq!(text.parse::<Target>(), Err(TargetError::NotATarget(text.to_owned())));
    }
    for arn in [
        "arn:aws:lambda:us-east-1:123456789012:function:tools",
        "arn:aws:bedrock-agentcore:us-east-1:123456789012:memory/m",
        "arn:aws:bedrock-agentcore:us-east-1::runtime/x",
        "arn:aws:bedrock-agentcore",
    ] {
        assert_eq!(arn.parse::<Target>(), Err(TargetError::ForeignArn(arn.to_owned())));
    }
}

#[test]
fn loopback_is_recognised_by_address_and_name() {
    for local in ["http://127.0.0.1:1/", "http://[::1]:1/", "http://localhost:1/", "http://x.localhost:1/"] {
        assert!(read(local).is_loopback(), "{local}");
    }
    for remote in ["http://example.com/", "http://localhost.example.com/", "http://10.0.0.1/"] {
        assert!(!read(remote).is_loopback(), "{remote}");
    }
}
