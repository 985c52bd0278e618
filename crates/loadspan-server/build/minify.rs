//! Makes a script small: short names for what is local, shorter words for the same, no comments, no spaces.

use std::io;

use oxc_allocator::Allocator;
use oxc_ast::AstBuilder;
use oxc_ast::ast::{Expression, TaggedTemplateExpression, TemplateElement};
use oxc_ast_visit::VisitMut;
use oxc_ast_visit::walk_mut::walk_tagged_template_expression;
use oxc_codegen::{Codegen, CodegenOptions};
use oxc_minifier::{CompressOptions, MangleOptions, Minifier, MinifierOptions};
use oxc_parser::Parser;
use oxc_span::SourceType;

/// The same module in fewer bytes.
pub(crate) fn minify(script: &str) -> io::Result<String> {
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, script, SourceType::mjs()).parse();
    if let Some(error) = parsed.errors.first() {
        return Err(io::Error::other(format!("the script of the page: {error}")));
    }
    let mut program = parsed.program;
    Markup(AstBuilder::new(&allocator)).visit_program(&mut program);
    let options = MinifierOptions {
        mangle: Some(MangleOptions::default()),
        compress: Some(CompressOptions::smallest()),
    };
    let minified = Minifier::new(options).minify(&allocator, &mut program);
    let code = Codegen::new()
        .with_options(CodegenOptions::minify())
        .with_scoping(minified.scoping);
    Ok(code.build(&program).code)
}

/// Takes the indentation out of templates of markup, in which any white space is as good as another.
struct Markup<'a>(AstBuilder<'a>);

impl<'a> VisitMut<'a> for Markup<'a> {
    fn visit_tagged_template_expression(&mut self, template: &mut TaggedTemplateExpression<'a>) {
        if matches!(&template.tag, Expression::Identifier(tag) if tag.name == "html") {
            template
                .quasi
                .quasis
                .iter_mut()
                .for_each(|text| self.take_indentation(text));
        }
        walk_tagged_template_expression(self, template);
    }
}

impl<'a> Markup<'a> {
    fn take_indentation(&self, text: &mut TemplateElement<'a>) {
        let raw = self.0.atom(&without_indentation(&text.value.raw));
        text.value.raw = raw;
        text.value.cooked = text
            .value
            .cooked
            .map(|cooked| self.0.atom(&without_indentation(&cooked)));
    }
}

/// Each run of white space that holds a line break, as the line break alone.
fn without_indentation(text: &str) -> String {
    let mut lines = text.split('\n');
    let mut short = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        short.truncate(short.trim_end().len());
        short.push('\n');
        short.push_str(line.trim_start());
    }
    short
}
