//! Functions are short and take few arguments, none of them a `bool`.
//!
//! A `bool` at the call says nothing; an enum of two values says what is meant.
//! Implementations of traits are free of the parameter rules: their signatures are not ours.

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::finding::Finding;
use crate::package::Package;

/// The most lines of a function, from `fn` to its closing brace.
pub const LINES_MAX: usize = 60;
/// The most parameters of a function, `self` included.
pub const PARAMETERS_MAX: usize = 5;

/// Reports long functions, long parameter lists and `bool` parameters.
pub fn check(package: &Package) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &package.files {
        let mut functions = Functions {
            path: &file.path,
            in_trait_impl: false,
            findings: &mut findings,
        };
        functions.visit_file(&file.ast);
    }
    findings
}

struct Functions<'a> {
    path: &'a str,
    in_trait_impl: bool,
    findings: &'a mut Vec<Finding>,
}

impl Functions<'_> {
    fn report(&mut self, signature: &syn::Signature, what: &str) {
        let line = signature.ident.span().start().line;
        let what = format!("`{}` {what}", signature.ident);
        self.findings.push(Finding::new(self.path, line, what));
    }

    fn check_body(&mut self, signature: &syn::Signature, body: &syn::Block) {
        let lines = body.span().end().line + 1 - signature.span().start().line;
        if lines > LINES_MAX {
            self.report(
                signature,
                &format!("has {lines} lines (at most {LINES_MAX}): split it by what it does"),
            );
        }
    }

    fn check_parameters(&mut self, signature: &syn::Signature) {
        let parameters = signature.inputs.len();
        if parameters > PARAMETERS_MAX {
            self.report(
                signature,
                &format!("has {parameters} parameters (at most {PARAMETERS_MAX}): name what belongs together"),
            );
        }
        if signature.inputs.iter().any(is_bool) {
            self.report(signature, "has a `bool` parameter: make it an enum");
        }
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.check_body(&function.sig, &function.block);
        self.check_parameters(&function.sig);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.check_body(&function.sig, &function.block);
        if !self.in_trait_impl {
            self.check_parameters(&function.sig);
        }
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(body) = &function.default {
            self.check_body(&function.sig, body);
        }
        self.check_parameters(&function.sig);
        visit::visit_trait_item_fn(self, function);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let outer = std::mem::replace(&mut self.in_trait_impl, item.trait_.is_some());
        visit::visit_item_impl(self, item);
        self.in_trait_impl = outer;
    }
}

fn is_bool(parameter: &syn::FnArg) -> bool {
    let syn::FnArg::Typed(typed) = parameter else {
        return false;
    };
    let mut of = &*typed.ty;
    while let syn::Type::Reference(reference) = of {
        of = &reference.elem;
    }
    matches!(of, syn::Type::Path(path) if path.path.is_ident("bool"))
}

#[cfg(test)]
mod tests {
    use super::{LINES_MAX, check};
    use crate::package::Package;

    fn findings(text: &str) -> Vec<String> {
        let package = Package::parse("", "", [("src/a.rs", text)]).unwrap();
        check(&package).iter().map(ToString::to_string).collect()
    }

    fn function_of(lines: usize) -> String {
        format!("fn long() {{\n{}}}\n", "    x();\n".repeat(lines - 2))
    }

    #[test]
    fn a_function_may_have_the_most_lines_and_no_more() {
        assert!(findings(&function_of(LINES_MAX)).is_empty());
        let found = findings(&function_of(LINES_MAX + 1));
        assert!(
            found[0].starts_with("src/a.rs:1: `long` has 61 lines"),
            "{found:?}"
        );
    }

    #[test]
    fn long_methods_are_found_in_traits_and_their_implementations() {
        let body = function_of(LINES_MAX + 1);
        assert_eq!(findings(&format!("trait T {{ {body} }}")).len(), 1);
        assert_eq!(findings(&format!("impl T for X {{ {body} }}")).len(), 1);
        assert_eq!(findings(&format!("fn outer() {{ {body} }}")).len(), 2);
    }

    #[test]
    fn the_sixth_parameter_is_one_too_many() {
        assert!(findings("fn f(a: A, b: B, c: C, d: D, e: E) {}").is_empty());
        assert_eq!(
            findings("fn f(a: A, b: B, c: C, d: D, e: E, f: F) {}").len(),
            1
        );
        assert_eq!(
            findings("impl X { fn f(&self, b: B, c: C, d: D, e: E, f: F) {} }").len(),
            1
        );
    }

    #[test]
    fn a_bool_parameter_is_found_unless_a_trait_asks_for_it() {
        assert_eq!(findings("fn f(a: bool) {}").len(), 1);
        assert_eq!(findings("fn f(a: &mut bool) {}").len(), 1);
        assert_eq!(findings("trait T { fn f(a: bool); }").len(), 1);
        assert!(findings("impl T for X { fn f(a: bool) {} }").is_empty());
        assert!(findings("fn f() -> bool { true }").is_empty());
    }
}
