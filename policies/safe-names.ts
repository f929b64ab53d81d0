/**
 * What a model's pickled files may load: names that only put values and fitted estimators together again.
 *
 * Found by pickling, with pickle and joblib, what every estimator of scikit-learn 1.9, tables of pandas 3 and arrays of
 * numpy 2 are made of, and by Fickling's list of imports safe for machine learning. Packages are named by the modules
 * that estimators live in, never whole: `numpy` as a whole would allow `numpy.core._ufunc_reconstruct`, which imports
 * and returns anything, and `joblib` as a whole `joblib.load`.
 */
export const safeNames: readonly string[] = [
  // Python's own values.
  ...below("builtins", "bool bytearray bytes complex dict float frozenset int list object"),
  ...below("builtins", "range set slice str tuple"),
  ...below("collections", "Counter OrderedDict defaultdict deque"),
  ...below("datetime", "date datetime time timedelta timezone"),
  ...below("decimal", "Decimal"),
  ...below("copyreg", "_reconstructor"),
  ...below("_codecs", "encode"),

  // Arrays, and functions that a FunctionTransformer may name.
  ...below("numpy", "bool bool_ bytes_ datetime64 dtype float16 float32 float64 int8 int16 int32"),
  ...below("numpy", "int64 intc longlong matrix ndarray object_ str_ timedelta64 uint8 uint16"),
  ...below("numpy", "uint32 uint64 ulonglong void abs absolute cbrt clip cos exp expm1 log log10"),
  ...below(
    "numpy",
    "log1p log2 max maximum mean median min minimum reciprocal sign sin sqrt square",
  ),
  ...below("numpy", "ma.MaskedArray ma.core.MaskedArray ma.core._mareconstruct tan tanh"),
  "numpy.dtypes",
  ...below("numpy._core", "multiarray._reconstruct multiarray.scalar numeric._frombuffer"),
  ...below("numpy.core", "multiarray._reconstruct multiarray.scalar numeric._frombuffer"),
  "numpy.random._mt19937.MT19937",
  "numpy.random._pcg64.PCG64",
  // Named by skops, which makes it from its state.
  ...below("numpy.random", "mtrand.RandomState _generator.Generator"),
  ...below("numpy.random._pickle", "__bit_generator_ctor __generator_ctor __randomstate_ctor"),
  ...below("numpy.random.bit_generator", "SeedSequence __pyx_unpickle_SeedSequence"),
  "joblib.numpy_pickle.NumpyArrayWrapper",

  // Sparse matrices, distributions and splines.
  ...below("scipy.sparse", "_bsr _coo _csc _csr _dia _dok _lil bsr coo csc csr dia dok lil"),
  ...below("scipy.stats", "_continuous_distns _discrete_distns _distn_infrastructure"),
  ...below("scipy.interpolate", "_bsplines _cubic _interpolate _ppoly"),
  "scipy.special._ufuncs",
  "scipy.spatial._ckdtree.cKDTree",
  "scipy._lib.array_api_compat.numpy._aliases.asarray",

  // Tables, which preprocessing keeps column names in.
  ...below("pandas", "Categorical CategoricalDtype DataFrame Index Interval MultiIndex RangeIndex"),
  ...below("pandas", "Series StringDtype Timedelta Timestamp arrays"),
  ...below("pandas.core", "arrays frame.DataFrame indexes internals.blocks internals.managers"),
  ...below("pandas.core", "dtypes.dtypes series.Series"),
  ...below("pandas._libs", "arrays.__pyx_unpickle_NDArrayBacked internals._unpickle_block"),
  ...below("pyarrow.lib", "_restore_array py_buffer type_for_alias"),

  // Estimators.
  ...below("sklearn", "_loss base calibration cluster compose covariance cross_decomposition"),
  ...below("sklearn.metrics", "_classification _dist_metrics _ranking _regression _scorer"),
  ...below("sklearn", "decomposition discriminant_analysis dummy ensemble feature_extraction"),
  ...below("sklearn", "feature_selection frozen gaussian_process impute isotonic"),
  ...below("sklearn", "kernel_approximation kernel_ridge linear_model manifold mixture"),
  ...below("sklearn", "model_selection multiclass multioutput"),
  ...below("sklearn", "naive_bayes neighbors neural_network pipeline preprocessing"),
  ...below("sklearn", "random_projection semi_supervised svm tree utils._bunch.Bunch"),
  ...below("sklearn.utils._metadata_requests", "MetadataRequest MethodMetadataRequest"),
  ...below("xgboost", "core.Booster sklearn"),
  ...below("lightgbm", "basic.Booster sklearn"),
  ...below("catboost", "core.CatBoost core.CatBoostClassifier core.CatBoostRegressor"),
];

/**
 * Parts of a name that lead out of a package. Pickle resolves `sklearn.base.os.system` too, because the module
 * `sklearn.base` has imported something; with such a part, a name below an entry isn't what the entry means.
 *
 * Every module of another package that scikit-learn's modules have imported under some name, and the modules that
 * Fickling counts as unsafe.
 */
const waysOut = new Set(
  [
    "argparse array ast asyncio atexit bdb cloudpickle code codecs codeop collections commands",
    "concurrent contextlib copy copyreg csgraph csv ctypes datetime dill distance distutils doctest",
    "eval exec errno fcntl filecmp ftplib functools gc gzip hashlib html http imp importlib inspect",
    "interpolate io itertools joblib json linalg logger logging ma marshal math mmap multiprocessing",
    "np nt numbers numpy nw op operator optimize os pandas pathlib pd pdb pickle pip pkgutil platform",
    "posix pprint profile pty pyarrow pydoc pytest re reprlib requests resources runpy scipy shelve",
    "shutil signal site socket sp sp_linalg sparse special sqlite3 ssl stats struct subprocess sys",
    "system tarfile tempfile test textwrap threading time timeit trace types typing unicodedata",
    "unittest urllib uuid venv warnings weakref webbrowser zipfile zipimport",
  ].flatMap((line) => line.split(" ")),
);

/**
 * May a file load a name? Yes when an entry is exactly that name, or names what it lies below and the rest of the name
 * leads nowhere else.
 */
export function allowsName(allow: ReadonlySet<string>, name: string): boolean {
  if (allow.has(name)) return true;
  const parts = name.split(".");
  const above = parts.findIndex((_, end) => end > 0 && allow.has(parts.slice(0, end).join(".")));
  return above > 0 && parts.slice(above).every(staysInside);
}

/** `__globals__` and the like lead from any class to everything there is. */
function staysInside(part: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(part) && !/^__.*__$/.test(part) && !waysOut.has(part);
}

function below(parent: string, names: string): string[] {
  return names.split(" ").map((name) => `${parent}.${name}`);
}
