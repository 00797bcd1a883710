"""scikit-learn: estimators and pipelines, exported by skl2onnx, most with its defaults."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from skl2onnx import to_onnx
from sklearn import (
    calibration,
    datasets,
    decomposition,
    discriminant_analysis,
    ensemble,
    feature_selection,
    gaussian_process,
    impute,
    linear_model,
    multiclass,
    naive_bayes,
    neighbors,
    neural_network,
    preprocessing,
    svm,
    tree,
)
from sklearn.cross_decomposition import PLSRegression
from sklearn.pipeline import FeatureUnion, make_pipeline, make_union

from scripts.models.exports import Array, Export, Folder

FAMILY, FOREST = "scikit-learn", "scikit-learn forests, 2 classes"
ROWS = 200
"""Rows of the test set of each case."""


def classifiers() -> list[Any]:
    """Return classifiers with probabilities."""
    logistic = linear_model.LogisticRegression(max_iter=200)
    return [
        logistic,
        linear_model.LogisticRegressionCV(cv=3, max_iter=100),
        linear_model.SGDClassifier(loss="log_loss", random_state=0),
        naive_bayes.GaussianNB(var_smoothing=1e-2),
        naive_bayes.BernoulliNB(),
        naive_bayes.MultinomialNB(),
        naive_bayes.ComplementNB(),
        neighbors.KNeighborsClassifier(),
        neighbors.KNeighborsClassifier(weights="distance"),
        tree.DecisionTreeClassifier(random_state=0),
        tree.ExtraTreeClassifier(random_state=0),
        ensemble.RandomForestClassifier(50, random_state=0),
        ensemble.ExtraTreesClassifier(50, random_state=0),
        ensemble.GradientBoostingClassifier(n_estimators=5, random_state=0),
        ensemble.HistGradientBoostingClassifier(max_iter=5, random_state=0),
        ensemble.AdaBoostClassifier(n_estimators=10, random_state=0),
        ensemble.BaggingClassifier(n_estimators=5, random_state=0),
        ensemble.VotingClassifier(
            [("a", logistic), ("b", naive_bayes.BernoulliNB())],
            voting="soft",
            flatten_transform=False,
        ),
        ensemble.StackingClassifier(
            [("a", naive_bayes.BernoulliNB()), ("b", tree.DecisionTreeClassifier(random_state=0))],
            final_estimator=linear_model.LogisticRegression(max_iter=50),
            cv=2,
        ),
        neural_network.MLPClassifier((32,), max_iter=30, random_state=0),
        discriminant_analysis.LinearDiscriminantAnalysis(),
        discriminant_analysis.QuadraticDiscriminantAnalysis(reg_param=0.5),
        calibration.CalibratedClassifierCV(naive_bayes.BernoulliNB(), cv=2),
        multiclass.OneVsRestClassifier(linear_model.LogisticRegression(max_iter=100)),
        make_pipeline(preprocessing.StandardScaler(), logistic),
        make_pipeline(preprocessing.StandardScaler(), decomposition.PCA(20), logistic),
        make_pipeline(preprocessing.MinMaxScaler(), neighbors.KNeighborsClassifier(3)),
        make_pipeline(preprocessing.Normalizer(), neural_network.MLPClassifier((16,), max_iter=20)),
        make_pipeline(
            feature_selection.SelectKBest(k=30), naive_bayes.GaussianNB(var_smoothing=0.1)
        ),
        make_pipeline(
            feature_selection.VarianceThreshold(), preprocessing.MaxAbsScaler(), logistic
        ),
        make_pipeline(impute.SimpleImputer(), preprocessing.RobustScaler(), logistic),
        make_pipeline(preprocessing.KBinsDiscretizer(4, encode="onehot-dense"), logistic),
        make_pipeline(preprocessing.Binarizer(threshold=8.0), naive_bayes.BernoulliNB()),
        make_pipeline(make_union(decomposition.PCA(10), preprocessing.StandardScaler()), logistic),
    ]


def labellers() -> list[Any]:
    """Return classifiers whose labels are read."""
    return [
        linear_model.RidgeClassifier(),
        linear_model.Perceptron(random_state=0),
        svm.LinearSVC(random_state=0),
        svm.SVC(),
        svm.NuSVC(nu=0.1),
        multiclass.OneVsOneClassifier(linear_model.LogisticRegression(max_iter=50)),
    ]


def regressors() -> list[Any]:
    """Return regressors."""
    scaled = [
        linear_model.SGDRegressor(random_state=0),
        neural_network.MLPRegressor(hidden_layer_sizes=(16,), max_iter=100, random_state=0),
        svm.SVR(C=100),
        svm.NuSVR(C=100),
        linear_model.HuberRegressor(),
        gaussian_process.GaussianProcessRegressor(alpha=1.0),
    ]
    return [
        *(make_pipeline(preprocessing.StandardScaler(), each) for each in scaled),
        linear_model.LinearRegression(),
        linear_model.Ridge(),
        linear_model.Lasso(),
        linear_model.ElasticNet(alpha=0.01),
        linear_model.BayesianRidge(),
        linear_model.PoissonRegressor(),
        linear_model.GammaRegressor(),
        linear_model.TweedieRegressor(power=1.5),
        linear_model.QuantileRegressor(alpha=0.01),
        linear_model.RANSACRegressor(random_state=0),
        PLSRegression(2),
        neighbors.KNeighborsRegressor(),
        neighbors.KNeighborsRegressor(weights="distance"),
        tree.DecisionTreeRegressor(random_state=0),
        ensemble.RandomForestRegressor(50, random_state=0),
        ensemble.ExtraTreesRegressor(50, random_state=0),
        ensemble.GradientBoostingRegressor(n_estimators=50, random_state=0),
        ensemble.HistGradientBoostingRegressor(max_iter=50, random_state=0),
        ensemble.AdaBoostRegressor(n_estimators=10, random_state=0),
        ensemble.BaggingRegressor(n_estimators=5, random_state=0),
        ensemble.VotingRegressor(
            [("a", linear_model.Ridge()), ("b", tree.DecisionTreeRegressor())]
        ),
        make_pipeline(
            preprocessing.PolynomialFeatures(2),
            preprocessing.StandardScaler(),
            linear_model.Ridge(),
        ),
        make_pipeline(preprocessing.PowerTransformer(), linear_model.Ridge()),
        make_pipeline(
            FeatureUnion([("a", decomposition.PCA(3)), ("b", preprocessing.MinMaxScaler())]),
            linear_model.Ridge(),
        ),
    ]


def name(model: Any) -> str:
    """Return the name of a model's class, or of the classes of a pipeline's steps."""
    steps = [step for _, step in getattr(model, "steps", [("", model)])]
    text = "-".join(type(step).__name__ for step in steps)
    weights = getattr(steps[-1], "weights", None)
    return f"{text}-{weights}" if isinstance(weights, str) and weights != "uniform" else text


def exports(model: Any, example: Array) -> Mapping[str, Export]:
    """Return the export with defaults, and the one without ZipMap."""

    def write(file: Path, **options: Any) -> None:
        file.write_bytes(to_onnx(model, example, **options).SerializeToString())

    return {"": write}


def export(folder: Folder) -> None:
    """Export all cases."""
    samples, targets = datasets.load_digits(return_X_y=True)
    digits = samples.astype(np.float32), targets
    cancer = _float32(datasets.load_breast_cancer(return_X_y=True))
    diabetes = _float32(datasets.load_diabetes(return_X_y=True))
    for output, models in (("probabilities", classifiers()), ("labels", labellers())):
        for model in models:
            folder.add(FAMILY, name(model), _case(model, digits, output), 10, output)
    for model in regressors():
        folder.add(FAMILY, name(model), _case(model, diabetes, "values"))
    for kind in (ensemble.RandomForestClassifier, ensemble.ExtraTreesClassifier):
        for trees in (10, 50, 100, 250):
            for seed in range(3):
                forest = kind(trees, random_state=seed)
                title = f"{kind.__name__}-{trees}-{seed}"
                folder.add(FOREST, title, _case(forest, cancer, "probabilities"), 2)
    two = make_pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression())
    folder.add(FAMILY, "2-classes-" + name(two), _case(two, cancer, "probabilities"), 2)


def _float32(data: tuple[Array, Array]) -> tuple[Array, Array]:
    return data[0].astype(np.float32), data[1]


def _case(
    model: Any, data: tuple[Array, Array], output: str
) -> Callable[[], tuple[Mapping[str, Export], Array, Array]]:
    samples, targets = data
    order = np.random.default_rng(0).permutation(len(samples))
    test, train = order[:ROWS], order[ROWS:]

    def make() -> tuple[Mapping[str, Export], Array, Array]:
        model.fit(samples[train], targets[train])
        predict = model.predict_proba if output == "probabilities" else model.predict
        return exports(model, samples[:1]), samples[test], np.asarray(predict(samples[test]))

    return make
