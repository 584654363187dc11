# A recipe for Spack: copy it to var/spack/repos/builtin/packages/msfusion/package.py of a repository of your own.
# Not tried: nobody has run `spack install msfusion`. What is known is the list of dependencies, which Debian's packages meet in the
# versions named here, and that this file is valid Python. Spack's py-torch has LibTorch's headers and libraries below its Python
# package, so CMAKE_PREFIX_PATH points there.
from spack.package import *


class Msfusion(CMakePackage):
    """Simulator of collaborative training on real devices and links: really trained, timed on a SimGrid model."""

    homepage = "https://arxiv.org/abs/2407.03622"
    license("MIT")

    # Make a release's archive with tools/package, and put its address and checksum here.
    # url = "https://.../msfusion-0.1.0.tar.gz"
    # version("0.1.0", sha256="...")

    variant("mpi", default=True, description="Train on the ranks of an MPI job")

    depends_on("c", type="build")
    depends_on("cxx", type="build")
    depends_on("cmake@3.25:", type="build")
    depends_on("ninja", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("node-js@18:", type="build")
    depends_on("npm", type="build")
    depends_on("py-torch@1.13:~cuda")
    depends_on("openblas threads=pthreads")
    depends_on("onednn")
    depends_on("simgrid@3.32:")
    depends_on("boost@1.74: +graph")
    depends_on("fmt")
    depends_on("nlohmann-json")
    depends_on("cli11")
    depends_on("nlopt +cxx")
    depends_on("sqlite")
    depends_on("sqlitecpp")
    depends_on("libxml2")
    depends_on("zlib-api")
    depends_on("openssl")
    depends_on("libpng")
    depends_on("cmark")
    depends_on("libjpeg-turbo")
    depends_on("openmpi@4:", when="+mpi")

    generator("ninja")

    def cmake_args(self):
        torch = join_path(self.spec["py-torch"].package.cmake_prefix_paths[0])
        return [
            self.define("CMAKE_PREFIX_PATH", torch),
            self.define("MSFUSION_TESTS", False),
            self.define_from_variant("MSFUSION_MPI", "mpi"),
        ]
