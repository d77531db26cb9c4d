//! Targets by the name under which they were deployed, so that nobody copies ARNs.

use std::fs;
use std::path::Path;

use saphyr::{LoadableYamlNode, Yaml};
use serde::Deserialize;

use crate::aws_api::{AwsApi, Service};
use crate::error::Error;
use crate::signing::Signing;
use crate::target::{Kind, Target};

/// The file in which `agentcore launch` keeps what it deployed.
const LAUNCH_FILE: &str = ".bedrock_agentcore.yaml";

/// A deployment by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// A CloudFormation stack that has the target among its outputs.
    Stack(String),
    /// An AgentCore runtime.
    Agent(String),
}

impl Named {
    /// Finds the target: a stack's in its outputs (`cloudformation:DescribeStacks`), an
    /// agent's in `.bedrock_agentcore.yaml` of this directory, else among the runtimes of
    /// the account (`bedrock-agentcore:ListAgentRuntimes`). `region` is where to look; by
    /// default anywhere in the file, and in the configured region.
    ///
    /// # Errors
    /// [`Error::NotDeployed`] where there is none or more than one; what kept AWS from
    /// answering.
    pub async fn find(&self, signing: &Signing, region: Option<&str>) -> Result<Target, Error> {
        match self {
            Self::Stack(name) => {
                let api = AwsApi::new(signing, region).await?;
                let xml = api
                    .query(Service::CloudFormation, "DescribeStacks", "2010-05-15", Some(("StackName", name)))
                    .await?;
                target_in_outputs(name, &outputs(&xml)?)
            }
            Self::Agent(name) => {
                let launched = launched(Path::new(LAUNCH_FILE), name)?;
                match launched.filter(|target| region.is_none() || target.region() == region) {
                    Some(target) => Ok(target),
                    None => runtime(&AwsApi::new(signing, region).await?, name).await,
                }
            }
        }
    }
}

/// Names and values of a stack's outputs.
fn outputs(xml: &str) -> Result<Vec<(String, String)>, Error> {
    let unreadable = |error| Error::Protocol(format!("the answer of DescribeStacks cannot be read: {error}"));
    let document = roxmltree::Document::parse(xml).map_err(unreadable)?;
    let text = |node: roxmltree::Node<'_, '_>, name| {
        let child = node.children().find(|child| child.tag_name().name() == name);
        child.and_then(|child| child.text()).unwrap_or_default().trim().to_owned()
    };
    let members = document.descendants().filter(|node| {
        node.tag_name().name() == "member"
            && node.parent().is_some_and(|parent| parent.tag_name().name() == "Outputs")
    });
    Ok(members.map(|member| (text(member, "OutputKey"), text(member, "OutputValue"))).collect())
}

/// The one output that is a target of the kinds that this project deploys.
fn target_in_outputs(stack: &str, outputs: &[(String, String)]) -> Result<Target, Error> {
    let targets: Vec<(&str, Target)> = outputs
        .iter()
        .filter_map(|(key, value)| Some((key.as_str(), value.parse::<Target>().ok()?)))
        .filter(|(_, target)| matches!(target.kind(), Kind::Runtime(_) | Kind::Gateway | Kind::FunctionUrl))
        .collect();
    let names = |keys: Vec<&str>| if keys.is_empty() { "none".to_owned() } else { keys.join(", ") };
    match &targets[..] {
        [(_, target)] => Ok(target.clone()),
        [] => Err(Error::NotDeployed(format!(
            "no output of the stack {stack} is a function URL or the ARN of a runtime; its outputs: {}",
            names(outputs.iter().map(|(key, _)| key.as_str()).collect())
        ))),
        several => Err(Error::NotDeployed(format!(
            "several outputs of the stack {stack} could be meant: {}; give the value of one as the target",
            names(several.iter().map(|(key, _)| *key).collect())
        ))),
    }
}

/// The target of an agent that was launched from this directory.
fn launched(file: &Path, agent: &str) -> Result<Option<Target>, Error> {
    let unusable = |reason: String| Error::NotDeployed(format!("{}: {reason}", file.display()));
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unusable(error.to_string())),
    };
    let documents = Yaml::load_from_str(&text).map_err(|error| unusable(error.to_string()))?;
    let mut node = documents.first();
    for key in ["agents", agent, "bedrock_agentcore", "agent_arn"] {
        node = node.and_then(|node| node.as_mapping_get(key));
    }
    let Some(arn) = node.and_then(Yaml::as_str) else { return Ok(None) };
    Ok(Some(arn.parse()?))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Runtimes {
    agent_runtimes: Vec<Runtime>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Runtime {
    agent_runtime_arn: String,
    agent_runtime_name: String,
}

/// The runtime of that name, page by page.
async fn runtime(api: &AwsApi, name: &str) -> Result<Target, Error> {
    let mut others = Vec::new();
    let mut page = String::new();
    loop {
        let path = format!("/runtimes/?maxResults=100{page}");
        let json = api.rest(Service::AgentCoreControl, "ListAgentRuntimes", &path).await?;
        let listed: Runtimes = serde_json::from_str(&json).map_err(|error| {
            Error::Protocol(format!("the answer of ListAgentRuntimes cannot be read: {error}"))
        })?;
        for runtime in listed.agent_runtimes {
            if runtime.agent_runtime_name == name {
                return Ok(runtime.agent_runtime_arn.parse()?);
            }
            others.push(runtime.agent_runtime_name);
        }
        let Some(token) = listed.next_token else { break };
        page = url::form_urlencoded::Serializer::new(String::new()).append_pair("nextToken", &token).finish();
        page.insert(0, '&');
    }
    let others = if others.is_empty() { "none".to_owned() } else { others.join(", ") };
    Err(Error::NotDeployed(format!(
        "no AgentCore runtime in {} is called {name}; there are: {others}",
        api.region()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STACK: &str = r#"<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">
      <DescribeStacksResult><Stacks><member><StackName>rust-mcp</StackName><Outputs>
        <member><OutputKey>FunctionUrl</OutputKey><OutputValue>https://abc.lambda-url.eu-west-1.on.aws/</OutputValue></member>
        <member><OutputKey>Console</OutputKey><OutputValue>https://eu-west-1.console.example/</OutputValue></member>
      </Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>"#;

    fn pairs(outputs: &[(&str, &str)]) -> Vec<(String, String)> {
        outputs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_output_that_is_a_target_is_found() {
        let target = target_in_outputs("rust-mcp", &outputs(STACK).expect("XML")).expect("a target");
        assert_eq!(target.url().as_str(), "https://abc.lambda-url.eu-west-1.on.aws/");
    }

    #[test]
    fn a_stack_without_a_target_or_with_two_says_what_it_has() {
        let none = target_in_outputs("s", &pairs(&[("Bucket", "b"), ("Table", "t")]));
        assert_eq!(
            none.expect_err("no target").to_string(),
            "no output of the stack s is a function URL or the ARN of a runtime; its outputs: Bucket, Table"
        );
        let url = "https://abc.lambda-url.eu-west-1.on.aws/";
        let two = target_in_outputs("s", &pairs(&[("One", url), ("Two", url)]));
        assert_eq!(
            two.expect_err("two targets").to_string(),
            "several outputs of the stack s could be meant: One, Two; give the value of one as the target"
        );
    }

    #[test]
    fn an_agent_is_found_in_the_file_that_launched_it() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/rust_mcp-abcdefghij";
        let yaml = format!(
            "agents:\n  rust_mcp:\n    bedrock_agentcore:\n      agent_arn: {arn}\n  other:\n    bedrock_agentcore: {{agent_arn: null}}\n"
        );
        fs::write(file.path(), yaml).expect("written");
        let found = |name| launched(file.path(), name).expect("readable");
        assert_eq!(found("rust_mcp"), Some(arn.parse().expect("a target")));
        assert_eq!(found("other"), None);
        assert_eq!(found("none"), None);
        assert_eq!(launched(Path::new("/nonexistent"), "x").expect("no file is no error"), None);
    }

    #[test]
    fn a_file_that_is_no_yaml_is_named() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), "agents: [").expect("written");
        let error = launched(file.path(), "x").expect_err("not YAML").to_string();
        assert!(error.starts_with(&format!("{}: ", file.path().display())), "{error}");
    }
}
