//! The names of AWS's hosts: partitions, DNS suffixes, and what stands before them.

/// The DNS suffixes under which AWS serves, with that of our own local front door.
const AWS_SUFFIXES: [&str; 11] = [
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "api.aws",
    "api.amazonwebservices.com.cn",
    "on.aws",
    "on.amazonwebservices.com.cn",
    "c2s.ic.gov",
    "sc2s.sgov.gov",
    "csp.hci.ic.gov",
    "localhost",
];

/// The DNS suffix of a partition's services.
pub(crate) fn partition_suffix(partition: &str) -> Option<&'static str> {
    Some(match partition {
        "aws" | "aws-us-gov" => "amazonaws.com",
        "aws-cn" => "amazonaws.com.cn",
        "aws-eusc" => "amazonaws.eu",
        "aws-iso" => "c2s.ic.gov",
        "aws-iso-b" => "sc2s.sgov.gov",
        "aws-iso-f" => "csp.hci.ic.gov",
        _ => return None,
    })
}

/// The DNS suffix of a region's services, told from how partitions name their regions.
pub(crate) fn region_suffix(region: &str) -> &'static str {
    let partition = match region.split_once('-').map(|(word, _)| word) {
        Some("cn") => "aws-cn",
        Some("eusc") => "aws-eusc",
        _ if region.starts_with("us-iso-") => "aws-iso",
        _ if region.starts_with("us-isob-") => "aws-iso-b",
        _ if region.starts_with("us-isof-") => "aws-iso-f",
        _ => "aws",
    };
    partition_suffix(partition).unwrap_or("amazonaws.com")
}

/// The service's label and the region in the name of an AWS host.
///
/// The names have the form `[RESOURCE.]SERVICE[-fips].REGION[.vpce].SUFFIX`.
pub(crate) fn read_aws_host(host: &str) -> Option<(&str, &str)> {
    let name = AWS_SUFFIXES.iter().find_map(|suffix| host.strip_suffix(suffix)?.strip_suffix('.'))?;
    let name = name.strip_suffix(".vpce").unwrap_or(name);
    let (rest, region) = name.rsplit_once('.')?;
    let service = rest.rsplit('.').next()?;
    let service = service.strip_suffix("-fips").unwrap_or(service);
    (is_region(region) && !service.is_empty()).then_some((service, region))
}

/// `us-east-1`, `us-gov-west-1`, `eusc-de-east-1`: words, then a number.
pub(crate) fn is_region(label: &str) -> bool {
    let mut words: Vec<&str> = label.split('-').collect();
    let number = words.pop().unwrap_or_default();
    words.len() >= 2
        && words.iter().all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase()))
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
}
