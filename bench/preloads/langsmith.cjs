// An application that uses the SDK loads these two modules.
require('langsmith');
require('langsmith/traceable');
