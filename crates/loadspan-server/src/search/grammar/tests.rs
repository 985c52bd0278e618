use proptest::prelude::*;

use super::*;

/// A filter as it was understood: entity, key, comparator, operand.
fn understood(filter: &str) -> String {
    let clauses = parse_filter(filter).unwrap_or_else(|fault| panic!("{filter}: {fault:?}"));
    let clauses: Vec<String> = clauses.iter().map(shown_clause).collect();
    clauses.join(" & ")
}

fn shown_clause(clause: &Clause) -> String {
    let Clause {
        name,
        comparator,
        operand,
        ..
    } = clause;
    let entity = name.entity.as_deref().unwrap_or("-");
    let operand = match operand {
        Operand::Text(text) => format!(" {text:?}"),
        Operand::Int(number) => format!(" {number}"),
        Operand::Real(number) => format!(" {number:?}"),
        Operand::List(texts) => format!(" {texts:?}"),
        Operand::None => String::new(),
    };
    format!("{entity}|{}|{}{operand}", name.key, comparator.as_str())
}

/// Position from 1, and message.
fn mistake(filter: &str) -> (usize, String) {
    let fault = parse_filter(filter).expect_err(filter);
    let before = filter.char_indices().filter(|(offset, _)| *offset < fault.offset);
    (before.count() + 1, fault.message)
}

#[test]
fn names_have_an_entity_a_key_and_quotes_where_needed() {
    for (filter, meaning) in [
        ("status = 'a'", "-|status|= \"a\""),
        ("metrics.acc > 1", "metrics|acc|> 1"),
        ("metrics.`a b` > 1", "metrics|a b|> 1"),
        ("metric.\"a b\" > 1", "metric|a b|> 1"),
        ("`metrics`.acc > 1", "metrics|acc|> 1"),
        ("`metrics`.`a.b` > 1", "metrics|a.b|> 1"),
        ("tags.mlflow.parentRunId = 'x'", "tags|mlflow.parentRunId|= \"x\""),
        ("params.learning-rate = '1'", "params|learning-rate|= \"1\""),
        ("metrics.system/gpu_0:util > 1", "metrics|system/gpu_0:util|> 1"),
        ("metrics.größe > 1", "metrics|größe|> 1"),
        (
            "span.attributes.`gen_ai.model` = 'x'",
            "span|attributes.gen_ai.model|= \"x\"",
        ),
        ("params.`a``b` = 'x'", "params|a`b|= \"x\""),
        ("attributes.\"Run name\" = 'x'", "attributes|Run name|= \"x\""),
    ] {
        assert_eq!(understood(filter), meaning, "{filter}");
    }
}

#[test]
fn every_comparator_has_its_operand() {
    for (filter, meaning) in [
        ("a=1", "-|a|= 1"),
        ("a!=-1", "-|a|!= -1"),
        ("a<1.5", "-|a|< 1.5"),
        ("a <= 1e3", "-|a|<= 1000.0"),
        ("a>-.5", "-|a|> -0.5"),
        ("a >= +2", "-|a|>= 2"),
        ("a = 9223372036854775808", "-|a|= 9.223372036854776e18"),
        ("a like 'x%'", "-|a|LIKE \"x%\""),
        ("a ILIKE \"x%\"", "-|a|ILIKE \"x%\""),
        ("a rlike '^x'", "-|a|RLIKE \"^x\""),
        ("a IN ('x', \"y\")", "-|a|IN [\"x\", \"y\"]"),
        ("a in ('x',)", "-|a|IN [\"x\"]"),
        ("a not in('x')", "-|a|NOT IN [\"x\"]"),
        ("a IS NULL", "-|a|IS NULL"),
        ("a is not null", "-|a|IS NOT NULL"),
    ] {
        assert_eq!(understood(filter), meaning, "{filter}");
    }
}

#[test]
fn clauses_are_joined_by_and() {
    assert_eq!(understood(" \n "), "");
    assert_eq!(
        understood("a = 1 AND b='x and y'\tand c IS NULL"),
        "-|a|= 1 & -|b|= \"x and y\" & -|c|IS NULL"
    );
}

#[test]
fn texts_keep_what_is_in_them() {
    assert_eq!(understood("a = 'it''s'"), "-|a|= \"it's\"");
    assert_eq!(understood("a = \"it's\""), "-|a|= \"it's\"");
    assert_eq!(understood(r"a = 'C:\'"), r#"-|a|= "C:\\""#);
    assert_eq!(understood("a = ''"), "-|a|= \"\"");
    assert_eq!(
        understood("a = '; DROP TABLE runs; --'"),
        "-|a|= \"; DROP TABLE runs; --\""
    );
}

#[test]
fn mistakes_are_pointed_at() {
    for (filter, position, message) in [
        ("a = 1 OR b = 2", 7, "there is no OR in filters"),
        ("(a = 1)", 1, "There are no parentheses in filters"),
        ("a = 1 AND (b = 2)", 11, "There are no parentheses in filters"),
        ("a = 1 b = 2", 7, "'b': clauses are joined by AND"),
        ("a = 1 AND", 10, "a name like metrics.x is missing"),
        ("AND", 4, "a comparator like = is missing"),
        ("a", 2, "a comparator like = is missing"),
        ("a =", 4, "a value is missing after ="),
        ("a == 1", 3, "Invalid comparator '=='"),
        ("a <> 1", 3, "Invalid comparator '<>'"),
        ("a ~ 1", 3, "Invalid character '~'"),
        ("a BETWEEN 1 AND 2", 3, "Invalid comparator 'BETWEEN'"),
        ("a NOT LIKE 'x'", 3, "Invalid comparator 'NOT'"),
        ("a IS 'x'", 3, "Invalid comparator 'IS'"),
        ("ä = 'x", 5, "the quote ' that opens here is not closed"),
        ("a = x", 5, "Expected a quoted string value or a number. Got value x"),
        ("a = nan", 5, "Expected a quoted string value or a number"),
        ("a = -inf", 5, "Expected a quoted string value or a number"),
        ("a = `x`", 5, "back-ticks are for names"),
        ("a = ('x')", 5, "a list goes with IN and NOT IN only"),
        ("a = = 1", 5, "a value goes here"),
        ("a IN 'x'", 6, "a list like ('a', 'b') goes after IN"),
        ("a IN ()", 7, "got empty list"),
        ("a IN (1)", 7, "got different type in list"),
        ("a IN ('x' 'y')", 11, ", or ) goes here"),
        ("a IN ('x'", 10, ", or ) goes here"),
        ("a IN ('x',", 11, "a ) is missing"),
        ("metrics. = 1", 10, "a name is missing after the full stop"),
        ("= 1", 1, "a name like metrics.x goes here"),
        ("a = 1; DROP TABLE runs", 6, "Invalid character ';'"),
    ] {
        let (found, text) = mistake(filter);
        assert!(text.contains(message), "{filter}: {text}");
        assert_eq!(found, position, "{filter}: {text}");
    }
}

#[test]
fn a_filter_has_bounds() {
    let clauses = vec!["a = 1"; MOST_CLAUSES + 1].join(" AND ");
    assert!(mistake(&clauses).1.contains("at most 64 clauses"));
    let list = format!("a IN ({})", vec!["'x'"; MOST_TEXTS + 1].join(","));
    assert!(mistake(&list).1.contains("at most 5000 texts"));
    assert!(mistake(&" ".repeat(300 << 10)).1.contains("longer than"));
}

#[test]
fn orders_have_a_name_and_a_direction() {
    let order = |text: &str| {
        let clause = parse_order(text).unwrap_or_else(|fault| panic!("{text}: {fault:?}"));
        (clause.name.entity, clause.name.key, clause.direction)
    };
    let metrics = Some("metrics".to_owned());
    assert_eq!(
        order("start_time"),
        (None, "start_time".to_owned(), Direction::Ascending)
    );
    assert_eq!(
        order("metrics.acc DESC"),
        (metrics.clone(), "acc".to_owned(), Direction::Descending)
    );
    assert_eq!(
        order("metrics.`a b`  asc "),
        (metrics, "a b".to_owned(), Direction::Ascending)
    );
    for text in ["", "a b", "a DESC b", "a, b", "'", "a = 1"] {
        assert!(parse_order(text).is_err(), "{text:?} is no order");
    }
}

fn quoted(text: &str, quote: char) -> String {
    format!("{quote}{}{quote}", text.replace(quote, &format!("{quote}{quote}")))
}

proptest! {
    #[test]
    fn nothing_makes_the_parser_panic(text in any::<String>()) {
        drop(parse_filter(&text));
        drop(parse_order(&text));
    }

    #[test]
    fn nothing_like_a_filter_does_either(text in "([a-z.`'\"()=<>!, ]|AND|IN|IS|NOT|NULL|LIKE|[0-9]){0,40}") {
        drop(parse_filter(&text));
        drop(parse_order(&text));
    }

    #[test]
    fn any_text_survives_in_either_quotes(text in any::<String>(), double in any::<bool>()) {
        let quote = if double { '"' } else { '\'' };
        let filter = format!("tags.{} = {}", quoted(&text, '`'), quoted(&text, quote));
        let clauses = parse_filter(&filter).expect("a filter");
        prop_assert_eq!(&clauses[0].name.key, &text);
        prop_assert_eq!(&clauses[0].operand, &Operand::Text(text));
        prop_assert_eq!(clauses.len(), 1);
    }
}
