// An application that uses the SDK loads these two.
require('langsmith');
require('langsmith/traceable');
