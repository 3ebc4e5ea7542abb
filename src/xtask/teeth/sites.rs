//! Single mutations of Rust source, all compiled into one program ("mutant schemata"): where an
//! expression can be mutated, the source asks at run time which of its variants is active.
use proc_macro2::Span;
use std::ops::Range;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{BinOp, Expr, Lit, Stmt, UnOp};

/// A place in a file, with what may stand there instead.
#[derive(Clone, Debug)]
pub struct Site {
    /// Bytes of the original expression; empty where something is only inserted.
    pub range: Range<usize>,
    /// Enclosing function.
    pub function: String,
    /// Line.
    pub line: usize,
    /// The variants.
    pub variants: Vec<Variant>,
}

/// One mutation.
#[derive(Clone, Debug)]
pub struct Variant {
    /// What stands there instead; for insertions, the guard that is inserted.
    pub text: String,
    /// In words.
    pub what: String,
}

/// Every site of a file, or of its module of the given name. Constants, patterns, types, macros and test
/// modules are left alone.
pub fn sites(source: &str, module: Option<&str>) -> Result<Vec<Site>, String> {
    let file = syn::parse_file(source).map_err(|e| e.to_string())?;
    let mut finder = Finder { source, function: String::new(), sites: Vec::new() };
    match module {
        None => finder.visit_file(&file),
        Some(name) => file.items.iter().for_each(|item| match item {
            syn::Item::Mod(m) if m.ident == name => finder.visit_item(item),
            _ => {}
        }),
    }
    finder.sites.retain(|s| !s.variants.is_empty());
    Ok(finder.sites)
}

struct Finder<'s> {
    source: &'s str,
    function: String,
    sites: Vec<Site>,
}

/// What may stand for a binary operator.
fn other(op: &BinOp) -> &'static [&'static str] {
    match op {
        BinOp::Add(_) => &["-"],
        BinOp::Sub(_) => &["+"],
        BinOp::Mul(_) => &["+"],
        BinOp::Div(_) => &["*"],
        BinOp::Rem(_) => &["/"],
        BinOp::And(_) => &["||"],
        BinOp::Or(_) => &["&&"],
        BinOp::BitXor(_) => &["|"],
        BinOp::BitAnd(_) => &["|"],
        BinOp::BitOr(_) => &["&"],
        BinOp::Shl(_) => &[">>"],
        BinOp::Shr(_) => &["<<"],
        BinOp::Eq(_) => &["!="],
        BinOp::Ne(_) => &["=="],
        BinOp::Lt(_) => &["<=", ">="],
        BinOp::Le(_) => &["<", ">"],
        BinOp::Gt(_) => &[">=", "<="],
        BinOp::Ge(_) => &[">", "<"],
        BinOp::AddAssign(_) => &["-="],
        BinOp::SubAssign(_) => &["+="],
        BinOp::ShlAssign(_) => &[">>="],
        BinOp::ShrAssign(_) => &["<<="],
        _ => &[],
    }
}

fn has_let(e: &Expr) -> bool {
    match e {
        Expr::Let(_) => true,
        Expr::Binary(b) => has_let(&b.left) || has_let(&b.right),
        _ => false,
    }
}

fn is_test(attrs: &[syn::Attribute]) -> bool {
    attrs.iter().any(|a| a.path().is_ident("cfg") && a.meta.require_list().is_ok_and(|l| l.tokens.to_string() == "test"))
}

impl Finder<'_> {
    fn text(&self, span: Span) -> &str {
        &self.source[span.byte_range()]
    }

    fn site(&mut self, span: Span, range: Range<usize>, variants: Vec<Variant>) {
        self.sites.push(Site { range, function: self.function.clone(), line: span.start().line, variants });
    }

    /// An expression with other texts instead of it.
    fn replace(&mut self, span: Span, texts: Vec<String>) {
        let short = |s: &str| s.split_whitespace().collect::<Vec<_>>().join(" ");
        let from = short(self.text(span));
        let what = |text: &str| match short(text) {
            to if to.is_empty() => format!("`{from}` left out"),
            to => format!("`{from}` → `{to}`"),
        };
        let variants = texts.into_iter().map(|text| Variant { what: what(&text), text }).collect();
        self.site(span, span.byte_range(), variants);
    }

    fn within(&mut self, name: String, visit: impl FnOnce(&mut Self)) {
        let before = std::mem::replace(&mut self.function, name);
        visit(self);
        self.function = before;
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_pat(&mut self, _: &'ast syn::Pat) {}
    fn visit_type(&mut self, _: &'ast syn::Type) {}
    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}
    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}
    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}

    fn visit_item_mod(&mut self, m: &'ast syn::ItemMod) {
        if !is_test(&m.attrs) {
            visit::visit_item_mod(self, m);
        }
    }

    fn visit_item_fn(&mut self, f: &'ast syn::ItemFn) {
        if f.sig.constness.is_none() {
            self.within(f.sig.ident.to_string(), |me| visit::visit_item_fn(me, f));
        }
    }

    fn visit_item_impl(&mut self, i: &'ast syn::ItemImpl) {
        // How things look when printed is not arithmetic.
        let printing =
            i.trait_.as_ref().is_some_and(|t| t.1.segments.last().is_some_and(|s| s.ident == "Display" || s.ident == "Debug"));
        if !printing {
            let name = self.text(i.self_ty.span()).to_string();
            self.within(name, |me| visit::visit_item_impl(me, i));
        }
    }

    fn visit_impl_item_fn(&mut self, f: &'ast syn::ImplItemFn) {
        if f.sig.constness.is_none() {
            let name = format!("{}::{}", self.function, f.sig.ident);
            self.within(name, |me| visit::visit_impl_item_fn(me, f));
        }
    }

    fn visit_stmt(&mut self, s: &'ast Stmt) {
        if let Stmt::Expr(e @ (Expr::Assign(_) | Expr::MethodCall(_)), Some(_)) = s {
            self.replace(e.span(), vec![String::new()]);
        }
        visit::visit_stmt(self, s);
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        if let Some((_, guard)) = arm.guard.as_ref().filter(|(_, guard)| !has_let(guard)) {
            self.replace(guard.span(), vec!["true".into(), "false".into()]);
        }
        visit::visit_arm(self, arm);
    }

    fn visit_expr_match(&mut self, m: &'ast syn::ExprMatch) {
        // Without an arm, its cases fall to a later one that takes everything.
        let takes_all = |a: &syn::Arm| a.guard.is_none() && matches!(a.pat, syn::Pat::Wild(_));
        let last = m.arms.iter().position(takes_all).unwrap_or(0);
        for arm in m.arms[..last].iter().filter(|a| a.guard.is_none()) {
            let span = arm.pat.span();
            let end = span.byte_range().end;
            let what = format!("arm `{}` left out", self.text(span).split_whitespace().collect::<Vec<_>>().join(" "));
            self.site(span, end..end, vec![Variant { text: String::new(), what }]);
        }
        visit::visit_expr_match(self, m);
    }

    fn visit_expr_if(&mut self, e: &'ast syn::ExprIf) {
        if matches!(*e.cond, Expr::MethodCall(_) | Expr::Path(_) | Expr::Field(_) | Expr::Call(_)) {
            let text = format!("!({})", self.text(e.cond.span()));
            self.replace(e.cond.span(), vec![text]);
        }
        visit::visit_expr_if(self, e);
    }

    fn visit_expr(&mut self, e: &'ast Expr) {
        match e {
            Expr::Binary(b) if !has_let(e) => {
                let (left, right) = (self.text(b.left.span()), self.text(b.right.span()));
                let texts = other(&b.op).iter().map(|op| format!("{left} {op} {right}")).collect();
                self.replace(e.span(), texts);
            }
            Expr::Unary(u) if matches!(u.op, UnOp::Not(_) | UnOp::Neg(_)) => {
                let text = self.text(u.expr.span()).to_string();
                self.replace(e.span(), vec![text]);
            }
            Expr::Lit(l) => match &l.lit {
                Lit::Int(n) => {
                    if let Ok(value) = n.base10_parse::<u128>() {
                        self.replace(e.span(), vec![format!("{}{}", value + 1, n.suffix())]);
                    }
                }
                Lit::Bool(b) => self.replace(e.span(), vec![(!b.value).to_string()]),
                _ => {}
            },
            Expr::MethodCall(call) => {
                let name = call.method.to_string();
                let swap = [
                    ("min", "max"),
                    ("max", "min"),
                    ("any", "all"),
                    ("all", "any"),
                    ("is_some", "is_none"),
                    ("is_none", "is_some"),
                ];
                if let Some((_, to)) = swap.iter().find(|(from, _)| *from == name) {
                    let (whole, at) = (e.span().byte_range(), call.method.span().byte_range());
                    let text = format!("{}{to}{}", &self.source[whole.start..at.start], &self.source[at.end..whole.end]);
                    self.replace(e.span(), vec![text]);
                }
            }
            Expr::Macro(m) if m.mac.path.is_ident("matches") => {
                let text = format!("!{}", self.text(e.span()));
                self.replace(e.span(), vec![text]);
            }
            _ => {}
        }
        visit::visit_expr(self, e);
    }
}

/// The source with every variant in it: `asks` is the function that says whether the variant of a
/// number is active. Numbers are given to the variants in the order of the sites.
///
/// Also gives the place of every variant in the result, and of every whole site.
pub fn instrument(source: &str, sites: &[Site], first: u32, asks: &str) -> Instrumented {
    let mut order: Vec<usize> = (0..sites.len()).collect();
    // Outer before inner; at one place, insertions last.
    order.sort_by_key(|i| (sites[*i].range.start, std::cmp::Reverse(sites[*i].range.end)));
    let mut number = first;
    let numbers = sites.iter().map(|s| {
        number += s.variants.len() as u32;
        number - s.variants.len() as u32
    });
    let out = Instrumented { text: String::new(), places: Vec::new() };
    let mut writer = Writer { source, sites, numbers: numbers.collect(), asks, out };
    writer.write(0..source.len(), &order);
    writer.out
}

/// Source with its variants.
pub struct Instrumented {
    /// The source.
    pub text: String,
    /// Site, variant (none: the whole site) and the bytes where they are.
    pub places: Vec<(usize, Option<usize>, Range<usize>)>,
}

struct Writer<'a> {
    source: &'a str,
    sites: &'a [Site],
    /// Number of the first variant of each site.
    numbers: Vec<u32>,
    asks: &'a str,
    out: Instrumented,
}

impl Writer<'_> {
    /// Writes a part of the source with the given sites, all inside it, in order.
    fn write(&mut self, range: Range<usize>, order: &[usize]) {
        let (mut at, mut next) = (range.start, 0);
        while next < order.len() {
            let index = order[next];
            let site = &self.sites[index];
            self.out.text.push_str(&self.source[at..site.range.start]);
            let within = |i: &&usize| !site.range.is_empty() && self.sites[**i].range.end <= site.range.end;
            let inside: Vec<usize> = order[next + 1..].iter().take_while(within).copied().collect();
            let start = self.out.text.len();
            if !site.range.is_empty() {
                self.out.text.push('(');
            }
            for (v, variant) in site.variants.iter().enumerate() {
                let (number, from) = (self.numbers[index] + v as u32, self.out.text.len());
                match site.range.is_empty() {
                    true => self.out.text.push_str(&format!(" if !{}({number})", self.asks)),
                    false => self.out.text.push_str(&format!("if {}({number}) {{ {} }} else ", self.asks, variant.text)),
                }
                self.out.places.push((index, Some(v), from..self.out.text.len()));
            }
            if !site.range.is_empty() {
                self.out.text.push_str("{ ");
                self.write(site.range.clone(), &inside);
                self.out.text.push_str(" })");
            }
            self.out.places.push((index, None, start..self.out.text.len()));
            at = site.range.end;
            next += 1 + inside.len();
        }
        self.out.text.push_str(&self.source[at..range.end]);
    }
}
