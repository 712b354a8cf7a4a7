// The Python module mmhparse.ops._ext. It is empty: importing it loads this library, which registers the ops.
#include <Python.h>

PyMODINIT_FUNC PyInit__ext() {
  static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_ext", nullptr, -1, nullptr};
  return PyModule_Create(&definition);
}
