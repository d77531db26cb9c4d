//! Which tools are let through.

use wildmatch::WildMatch;

/// Which tools are offered, and may be called.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only tools that are announced as read-only.
    pub read_only: bool,
    /// Only tools whose name is like one of these, if there are any: `*` stands for any
    /// characters, `?` for one.
    pub allow: Vec<WildMatch>,
    /// No tool whose name is like one of these.
    pub deny: Vec<WildMatch>,
}

impl Filter {
    /// Whether everything passes.
    pub(crate) fn is_open(&self) -> bool {
        !self.read_only && self.allow.is_empty() && self.deny.is_empty()
    }

    /// Why a tool is not let through, by the name that the client sees and by the server's own.
    pub(crate) fn refuses_name(&self, shown: &str, own: &str) -> Option<String> {
        let like = |patterns: &[WildMatch]| {
            patterns.iter().any(|pattern| pattern.matches(shown) || pattern.matches(own))
        };
        if like(&self.deny) {
            Some(format!("the tool {shown:?} is kept back by --deny"))
        } else if !self.allow.is_empty() && !like(&self.allow) {
            Some(format!("the tool {shown:?} is not among those of --allow"))
        } else {
            None
        }
    }

    /// Why a tool that is not announced as read-only is not let through.
    pub(crate) fn refuses_writing(&self, name: &str) -> Option<String> {
        self.read_only
            .then(|| format!("the tool {name:?} is not announced as read-only, and --read-only is set"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(allow: &[&str], deny: &[&str]) -> Filter {
        let patterns = |texts: &[&str]| texts.iter().map(|text| WildMatch::new(text)).collect();
        Filter { read_only: false, allow: patterns(allow), deny: patterns(deny) }
    }

    #[test]
    fn names_pass_that_are_allowed_and_not_denied() {
        let filter = filter(&["get_*", "add"], &["*_secret?"]);
        let passes = |name| filter.refuses_name(name, name).is_none();
        assert!(passes("get_user") && passes("add"));
        assert!(!passes("add_numbers") && !passes("delete_user") && !passes("get_secrets"));
    }

    #[test]
    fn without_a_list_all_pass_but_the_denied() {
        let filter = filter(&[], &["delete*"]);
        assert!(filter.refuses_name("add", "add").is_none());
        let why = filter.refuses_name("prod__delete_user", "delete_user").expect("refused");
        assert_eq!(why, r#"the tool "prod__delete_user" is kept back by --deny"#);
    }
}
