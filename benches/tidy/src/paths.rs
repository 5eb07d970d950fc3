//! Finds the paths by which a file names the modules of its own crate.

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::package::SourceFile;

/// A path that leads into the own crate.
#[derive(Debug, Eq, PartialEq)]
pub struct Mention {
    /// From the crate's root, `["queue", "Full"]` for `crate::queue::Full`.
    pub path: Vec<String>,
    /// Where it stands, from 1.
    pub line: usize,
    /// Whether it stands in code that is compiled for tests only.
    pub for_tests: bool,
}

/// The mentions in a file that is one of `modules`.
pub fn mentions(file: &SourceFile, modules: &[Vec<String>]) -> Vec<Mention> {
    let here = file.module().unwrap_or_default();
    let mut finder = Finder {
        modules,
        depth: here.len(),
        here,
        for_tests: file.is_for_tests(),
        found: Vec::new(),
    };
    finder.visit_file(&file.ast);
    finder.found
}

struct Finder<'a> {
    modules: &'a [Vec<String>],
    /// The module being visited, inline ones included.
    here: Vec<String>,
    /// How many parts of `here` are the file itself.
    depth: usize,
    for_tests: bool,
    found: Vec<Mention>,
}

impl Finder<'_> {
    fn mention(&mut self, parts: &[String], line: usize) {
        let Some(path) = self.resolve(parts) else {
            return;
        };
        // The file's own items, also when an inline module of it names them.
        let own = self.here.get(..self.depth).unwrap_or_default();
        if path.starts_with(own) && !self.is_child(own, &path) {
            return;
        }
        self.found.push(Mention {
            path,
            line,
            for_tests: self.for_tests,
        });
    }

    /// The path from the root, or nothing for a path that leads elsewhere.
    fn resolve(&self, parts: &[String]) -> Option<Vec<String>> {
        let first = parts.first()?.as_str();
        let mut base = match first {
            "crate" => Vec::new(),
            "self" | "super" => self.here.clone(),
            _ if self.is_child(&self.here, &[self.here.as_slice(), parts].concat()) => {
                self.here.clone()
            }
            _ => return None,
        };
        for part in parts {
            match part.as_str() {
                "crate" | "self" => {}
                "super" => {
                    base.pop();
                }
                _ => base.push(part.clone()),
            }
        }
        Some(base)
    }

    /// Whether `path` leads into a file module right below `parent`.
    fn is_child(&self, parent: &[String], path: &[String]) -> bool {
        let child = path.get(..=parent.len()).unwrap_or_default();
        !child.is_empty() && self.modules.iter().any(|module| module == child)
    }

    fn within<T>(
        &mut self,
        attributes: &[syn::Attribute],
        visit: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let outer = self.for_tests;
        self.for_tests |= attributes.iter().any(is_for_tests);
        let result = visit(self);
        self.for_tests = outer;
        result
    }

    fn use_tree(&mut self, prefix: &mut Vec<String>, tree: &syn::UseTree) {
        let line = tree.span().start().line;
        let last = match tree {
            syn::UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.use_tree(prefix, &path.tree);
                prefix.pop();
                return;
            }
            syn::UseTree::Group(group) => {
                for item in &group.items {
                    self.use_tree(prefix, item);
                }
                return;
            }
            syn::UseTree::Name(name) => name.ident.to_string(),
            syn::UseTree::Rename(rename) => rename.ident.to_string(),
            syn::UseTree::Glob(_) => "*".to_owned(),
        };
        prefix.push(last);
        self.mention(prefix, line);
        prefix.pop();
    }

    /// Paths in the unparsed tokens of a macro call.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut line = 0;
        for tree in tokens {
            match tree {
                TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() => {}
                TokenTree::Ident(ident) if !path.is_empty() || starts_path(&ident.to_string()) => {
                    line = ident.span().start().line;
                    path.push(ident.to_string());
                }
                other => {
                    self.mention(&std::mem::take(&mut path), line);
                    if let TokenTree::Group(group) = other {
                        self.tokens(group.stream());
                    }
                }
            }
        }
        self.mention(&path, line);
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.here.push(item.ident.to_string());
        self.within(&item.attrs, |finder| visit::visit_item_mod(finder, item));
        self.here.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.within(&item.attrs, |finder| {
            finder.use_tree(&mut Vec::new(), &item.tree);
        });
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.within(&item.attrs, |finder| visit::visit_item_fn(finder, item));
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        self.within(&item.attrs, |finder| visit::visit_item_impl(finder, item));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts: Vec<String> = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        if parts.len() > 1 {
            self.mention(&parts, path.span().start().line);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.tokens(call.tokens.clone());
        visit::visit_macro(self, call);
    }

    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {
        // `pub(crate)` and `pub(in crate::a)` import nothing.
    }
}

fn starts_path(ident: &str) -> bool {
    matches!(ident, "crate" | "super")
}

/// Whether the attribute is a `cfg` that holds in tests only.
fn is_for_tests(attribute: &syn::Attribute) -> bool {
    if !attribute.path().is_ident("cfg") {
        return false;
    }
    let tokens = match &attribute.meta {
        syn::Meta::List(list) => list.tokens.clone(),
        _ => return false,
    };
    mentions_test(tokens)
}

fn mentions_test(tokens: TokenStream) -> bool {
    let mut negated = false;
    for tree in tokens {
        match tree {
            TokenTree::Ident(ident) if ident == "test" => return true,
            TokenTree::Ident(ident) => negated = ident == "not",
            TokenTree::Group(group) if !negated && mentions_test(group.stream()) => return true,
            _ => {}
        }
    }
    false
}
