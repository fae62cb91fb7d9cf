from rushlab.cli.main import main

main()
