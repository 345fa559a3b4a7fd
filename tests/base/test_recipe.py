from steepest.base.recipe import Recipe


def test_relevant_knobs_know_the_data():
    recipe = Recipe(flip=0.5, input_noise=0.1, token_dropout=0.1)
    table, text = recipe.relevant("table", "regression"), recipe.relevant("text", "next-token")
    assert "input_noise" in table
    assert not {"flip", "token_dropout", "label_smoothing"} & set(table)
    assert "token_dropout" not in text  # what comes next cannot be told from a hidden token
    assert "token_dropout" in recipe.relevant("text", "classification")
    assert {"flip", "token_dropout"} <= set(recipe.relevant())


def test_a_recipe_file_lists_first_what_matters():
    recipe = Recipe(optimizer="sgd", flip=0.5, width=64)
    text = recipe.to_yaml("table", "regression")
    first, rest = text.split("\n\n")
    assert "width: 64" in first
    assert rest.startswith("# Without effect")
    assert "flip: 0.5" in rest
    assert Recipe.from_yaml(text) == recipe
